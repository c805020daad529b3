"""Completions and windows as commands and editors get them: JSON with 1-based lines and columns."""

from __future__ import annotations

from typing import Any

from iquest_lsp.datatypes import Completion, ContextWindow, Position


def completion_to_json(made: Completion) -> dict[str, Any]:
    """`complete --json`; `memory` is there where the answer leans on another file of the repository."""
    names = ("total_ms", "context_ms", "queue_ms", "prefill_ms", "decode_ms")
    counts = ("window", "reused", "prefilled", "generated", "drafted", "accepted")
    leaning = {"memory": {"path": made.memory_path, "share": round(made.memory_share, 3)}} if made.memory_path else {}
    return {
        "text": made.text,
        "range": {"start": _position(made.span.start), "end": _position(made.span.end)},
        "model": made.model,
        "finish": str(made.finish),
        "source": str(made.source),
        "timings": {name: round(getattr(made.timings, name), 3) for name in names},
        "tokens": {name: getattr(made.tokens, name) for name in counts},
        **leaning,
    }


def window_to_json(window: ContextWindow) -> dict[str, Any]:
    """`context --json`: of lines both ends are included; 0 where a chunk is not a span of a file."""
    return {
        "budget": window.budget,
        "tokens": len(window.tokens),
        "stable_prefix_tokens": window.stable_prefix_tokens,
        "memory": {
            "files": window.memory_files,
            "tokens": window.memory_tokens,
            "parts": [
                {"kind": part.layer, "package": part.package, "files": part.texts, "tokens": part.tokens}
                for part in window.memory_parts
            ],
        },
        "chunks": [
            {
                "kind": str(chunk.kind),
                "path": chunk.path,
                "start": chunk.start + 1 if chunk.end > chunk.start else 0,
                "end": chunk.end,
                "tokens": chunk.tokens,
                "reason": chunk.reason,
            }
            for chunk in window.chunks
        ],
        "dropped": [{"path": item.path, "reason": item.reason} for item in window.dropped],
        "partial": [*window.partial] or None,
    }


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line + 1, "column": position.character + 1}
