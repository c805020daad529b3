"""What every part of the runtime shares: the engine protocol, the pipe's frames, text from tokens, memory."""
