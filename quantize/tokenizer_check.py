"""Is the vocabulary of a model file the one that its text was meant to be cut with?"""

from __future__ import annotations

from typing import Any

from quantize import header_facts
from quantize.findings import Finding
from quantize.gguf_edit import Entry, RawFile
from quantize.vocabulary import Vocabulary

#: Tokens that are cut out of text though they are not special (docs/loop-models.md, “GGUF keys”).
_PLAIN = (
    "<think>",
    "</think>",
    "<tools>",
    "</tools>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
)
#: The end of text, where a file's own id for it is out of range: the first of these that there is.
_ENDS = ("<|endoftext|>", "</s>", "<|im_end|>")
#: Keys whose absence changes neither how text is cut nor where an answer ends.
_HELPFUL = (
    "chat_template",
    "pre",
    "eot_token_id",
    "eom_token_id",
    "fim_rep",
    "fim_sep",
    "fim_pad",
    "padding_token_id",
    "unknown_token_id",
    "seperator_token_id",
    "mask_token_id",
)


def check(raw: RawFile, vocabulary: Vocabulary | None = None) -> Finding:
    """By the published tokenizer where there is one, else by what the vocabulary says of itself."""
    rows = next((tensor.shape[-1] for tensor in raw.tensors if tensor.name == "token_embd.weight"), 0)
    if vocabulary is not None and (not rows or len(vocabulary.tokens) == rows):
        return _against(raw, header_facts.told_by_vocabulary(vocabulary))
    tokens = raw.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, list):
        return Finding("tokenizer", "unknown", "the file has no vocabulary")
    if vocabulary is not None:
        why = f"the published tokenizer has {len(vocabulary.tokens)} tokens, and the model {rows}"
        return Finding("tokenizer", "wrong", why + ": they do not belong together")
    if rows and len(tokens) != rows:
        why = f"there are {len(tokens)} tokens, and the model has {rows}"
        return Finding("tokenizer", "wrong", why + "; give --checkpoint with the published tokenizer")
    kinds = list(raw.get("tokenizer.ggml.token_type") or [1] * len(tokens))
    changes: dict[str, Entry | None] = {}
    problems = []
    ids = {text: at for at, text in enumerate(tokens)}
    if len(kinds) != len(tokens):
        problems.append(f"{len(kinds)} kinds of tokens are told for {len(tokens)} tokens")
        kinds = [1] * len(tokens)
    plain = [text for text in _PLAIN if text in ids and kinds[ids[text]] != 4]
    if plain:
        problems.append(f"{', '.join(plain)} would not be cut out of text as one token")
        for text in plain:
            kinds[ids[text]] = 4
    if problems:
        changes["tokenizer.ggml.token_type"] = Entry.of(kinds)
    if (
        raw.get("tokenizer.ggml.model") == "llama"
        and raw.get("tokenizer.ggml.add_space_prefix", True)
        and ("<|fim_prefix|>" in ids or "<|im_start|>" in ids)
    ):
        problems.append("a space would be put in front of text, which these models' tokenizer does not do")
        changes["tokenizer.ggml.add_space_prefix"] = Entry.of(False)
    for key, text in (("pre", "<|fim_prefix|>"), ("suf", "<|fim_suffix|>"), ("mid", "<|fim_middle|>")):
        full = f"tokenizer.ggml.fim_{key}_token_id"
        if text in ids and raw.get(full, ids[text]) != ids[text]:
            changes[full] = Entry.of(ids[text])
            problems.append(f"fim_{key}_token_id is not that of {text}")
    for full, entry in raw.entries.items():
        if not (full.startswith("tokenizer.ggml.") and full.endswith("_token_id")) or full in changes:
            continue
        if type(entry.value) is not int or not 0 <= entry.value < len(tokens):
            end = next((ids[text] for text in _ENDS if text in ids), None)
            changes[full] = Entry.of(end) if end is not None and "eos" in full else None
            problems.append(f"{full.removeprefix('tokenizer.ggml.')} is {entry.value}, and there are {len(tokens)}")
    if problems:
        return Finding("tokenizer", "wrong", "; ".join(problems), changes)
    return Finding("tokenizer", "ok", f"{len(tokens)} tokens ({raw.get('tokenizer.ggml.model')})")


def _against(raw: RawFile, published: dict[str, Entry]) -> Finding:
    """Against the published tokenizer, whose keys can all be written into the header."""
    changes: dict[str, Entry | None] = {}
    problems, absent = [], []
    for full, entry in published.items():
        found, wanted = raw.get(full), entry.value
        key = full.removeprefix("tokenizer.").removeprefix("ggml.")
        problem = _listed(key, found, wanted) if isinstance(wanted, list) else _single(key, found, wanted)
        if problem is None:
            continue
        changes[full] = entry
        if found is None and key.startswith(_HELPFUL):
            absent.append(key)
        else:
            problems.append(problem)
    if problems:
        return Finding("tokenizer", "wrong", "; ".join(problems), changes)
    note = f"; it lacks {', '.join(absent)}" if absent else ""
    count = len(published["tokenizer.ggml.tokens"].value)
    return Finding("tokenizer", "ok", f"{count} tokens, as published ({raw.get('tokenizer.ggml.model')}){note}")


def _single(key: str, found: Any, wanted: Any) -> str | None:
    if header_facts.same(found, wanted):
        return None
    return f"{key} is missing" if found is None else f"{key} is not the published one ({str(found)[:40]!r})"


def _listed(key: str, found: Any, wanted: list[Any]) -> str | None:
    if not isinstance(found, list):
        return f"{key} are missing"
    odd = [at for at, (a, b) in enumerate(zip(found, wanted, strict=False)) if not header_facts.same(a, b)]
    if not odd and len(found) == len(wanted):
        return None
    count = f"{len(found)} instead of {len(wanted)}" if len(found) != len(wanted) else f"{len(odd)} of {len(wanted)}"
    first = f", the first at {odd[0]}: {found[odd[0]]!r} instead of {wanted[odd[0]]!r}" if odd else ""
    return f"{key} are not those published ({count}{first})"
