"""llama.cpp through its bindings: weights, vocabulary, contexts, and what the port adds to them."""
