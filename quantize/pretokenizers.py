"""Which of llama.cpp's pre-tokenizers cuts text as a tokenizer.json does.

llama.cpp knows its pre-tokenizers by name and has their expressions compiled in (src/llama-vocab.cpp). The ones here
are told by the expressions that the published tokenizer files of those families carry; whether the choice is right is
then measured, by encoding text both ways (quantize.tokenizer).
"""

from __future__ import annotations

from typing import Any

from iquest_lsp.errors import CheckpointError

QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN2_ASCII = (
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_DEEPSEEK_CODER = (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+")
#: The expressions of the Split steps in order, "digits" for single digits, "bytes" for the expression of GPT-2.
_KNOWN: dict[tuple[str, ...], str] = {
    (QWEN2,): "qwen2",
    (_QWEN2_ASCII,): "qwen2",
    (_LLAMA3,): "llama-bpe",
    (*_DEEPSEEK_CODER, "digits"): "deepseek-coder",
    ("digits", "bytes"): "starcoder",
    ("bytes",): "gpt-2",
}


def recognise(content: dict[str, Any]) -> str:
    """llama.cpp's name of the pre-tokenizer of a parsed tokenizer.json. Raises CheckpointError for an unknown one."""
    normalizer = content.get("normalizer")
    if normalizer and not (isinstance(normalizer, dict) and normalizer.get("type") == "NFC"):
        raise CheckpointError("tokenizer.json rewrites text", why=f"{normalizer!r} cannot be done by llama.cpp")
    steps = tuple(_steps(content.get("pre_tokenizer")))
    if steps in _KNOWN:
        return _KNOWN[steps]
    raise CheckpointError(
        "tokenizer.json cuts text in a way that is not known here",
        why=f"its steps are {', '.join(steps) or 'none'}",
        fix="Pass --pre NAME with the name of one of llama.cpp's pre-tokenizers, then run `quantize tokenizer`",
    )


def _steps(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return []
    kind = entry.get("type")
    if kind == "Sequence":
        return [step for inner in entry.get("pretokenizers") or [] for step in _steps(inner)]
    if kind == "Split":
        pattern = entry.get("pattern") or {}
        return [str(pattern.get("Regex", pattern.get("String", "")))]
    if kind == "Digits":
        return ["digits"]
    if kind == "ByteLevel":
        return ["bytes"] if entry.get("use_regex", True) else []
    return [str(kind)]
