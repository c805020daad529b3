"""The questions to the history and the workspace as tools for coding agents, by the Model Context Protocol (MCP)."""
