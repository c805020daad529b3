"""Engines that run in this process: llama.cpp, and a double that counts tokens and needs no model."""
