"""Completions by HTTP, on this machine alone, for editors whose extensions know llama.cpp's or OpenAI's requests."""
