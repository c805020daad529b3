"""Installing, measured: in fresh environments, beside other tools, and on processors of other generations."""
