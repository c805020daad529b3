"""The engine: llama.cpp in a process of its own, the prefix cache, and doubles for tests."""
