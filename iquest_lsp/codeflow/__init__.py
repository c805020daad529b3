"""Git history as decisions: records, filters, symbols, and the questions they answer without a model."""
