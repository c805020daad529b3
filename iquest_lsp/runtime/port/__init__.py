"""The llama.cpp port of the Loop architecture and its build."""
