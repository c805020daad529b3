"""The use cases, for any client: complete, show the window, explain, ask. Knows neither the protocol nor llama.cpp.

One `Assistant` for all clients, one `Session` for each.
"""

from iquest_lsp.asking.asker import Question, Reply
from iquest_lsp.asking.chat_engines import Role
from iquest_lsp.assistant.assistant import Assistant, WorkspaceStatus
from iquest_lsp.assistant.json_forms import completion_to_json, window_to_json
from iquest_lsp.assistant.session import Session
from iquest_lsp.completion.request import CompletionRequest

__all__ = [
    "Assistant",
    "CompletionRequest",
    "Question",
    "Reply",
    "Role",
    "Session",
    "WorkspaceStatus",
    "completion_to_json",
    "window_to_json",
]
