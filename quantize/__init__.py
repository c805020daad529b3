"""The model workshop: oracles, conversion, quantization, training; used from a checkout, never at run time."""
