"""What source code says by itself: definitions, their signatures, uses of names, and what changed lines do to them."""
