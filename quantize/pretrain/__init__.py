"""Training of the embedded model: manifest, cleaning, tokenizer, packing, training, export, evaluation."""
