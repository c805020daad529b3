from __future__ import annotations

import pytest

from iquest_lsp.context.prompt import STYLE_KEY, FileAtCursor, PromptFormat, PromptStyle, encode_parts
from iquest_lsp.datatypes import ChunkKind, Part
from iquest_lsp.errors import UnsupportedModelError

CURSOR = FileAtCursor("src/a.py", "P1\nP2\n", "he", "ad", "S1\nS2")

#: By model: its control tokens, its metadata, and the prompt for CURSOR after one related file.
GOLDEN = {
    "embedded": (
        "<|endoftext|> <|fim_prefix|> <|fim_suffix|> <|fim_middle|> <|repo_name|> <|file_sep|> <|tail|> <|head|>",
        {"iquest.fim.order": "spm", "iquest.prompt.version": "1"},
        "<|repo_name|>R\n<|file_sep|>b.py\nB\n<|file_sep|>src/a.py\n<|fim_prefix|><|fim_suffix|>S1\nS2<|fim_middle|>"
        "P1\nP2\n<|tail|>ad<|head|>he",
    ),
    "qwen": (
        "<|endoftext|> <|fim_prefix|> <|fim_suffix|> <|fim_middle|> <|repo_name|> <|file_sep|> <|im_start|> <|im_end|>",
        {"tokenizer.ggml.add_bos_token": "false", "tokenizer.ggml.bos_token_id": "0", "tokenizer.chat_template": "x"},
        "<|repo_name|>R\n<|file_sep|>b.py\nB\n<|file_sep|>src/a.py\n<|fim_prefix|>P1\nP2\n<|fim_suffix|>ad\nS1\nS2"
        "<|fim_middle|>he",
    ),
    "suffix first on stock tokens": (
        "<|fim_prefix|> <|fim_suffix|> <|fim_middle|> <|repo_name|> <|file_sep|>",
        {"iquest.fim.order": "spm"},
        "<|repo_name|>R\n<|file_sep|>b.py\nB\n<|file_sep|>src/a.py\n<|fim_prefix|><|fim_suffix|>ad\nS1\nS2<|fim_middle|>"
        "P1\nP2\nhe",
    ),
    "codegemma": (
        "<bos> <|fim_prefix|> <|fim_suffix|> <|fim_middle|> <|file_separator|>",
        {"tokenizer.ggml.add_bos_token": "true", "tokenizer.ggml.bos_token_id": "0"},
        "<bos><|file_separator|>b.py\nB\n<|file_separator|>src/a.py\n<|fim_prefix|>P1\nP2\n<|fim_suffix|>ad\nS1\nS2"
        "<|fim_middle|>he",
    ),
    "starcoder2": (
        "<|endoftext|> <fim_prefix> <fim_suffix> <fim_middle> <repo_name> <file_sep>",
        {},
        "<repo_name>R<file_sep>b.py\nB\n<file_sep><fim_prefix>src/a.py\nP1\nP2\n<fim_suffix>ad\nS1\nS2<fim_middle>he",
    ),
    "starcoder and granite": (
        "<|endoftext|> <fim_prefix> <fim_suffix> <fim_middle> <reponame> <filename> <gh_stars>",
        {},
        "<reponame>R<filename>b.py\nB\n<filename>src/a.py\n<fim_prefix>P1\nP2\n<fim_suffix>ad\nS1\nS2<fim_middle>he",
    ),
    "granite 4": (
        "<|end_of_text|> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|filename|> <|reponame|>"
        " <|start_of_role|> <|end_of_role|>",
        {"general.name": "Granite 4.0 Micro Base", "tokenizer.ggml.add_bos_token": "false"},
        "# b.py\nB\n# src/a.py\n<|fim_prefix|>P1\nP2\n<|fim_suffix|>ad\nS1\nS2<|fim_middle|>he",
    ),
    "qwen3-coder": (
        "<|endoftext|> <|im_start|> <|im_end|> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|repo_name|>"
        " <|file_sep|> <tool_call> <think> </think>",
        {"general.name": "Qwen3 Coder 30B A3B Instruct", "tokenizer.chat_template": "x"},
        "<|repo_name|>R\n<|file_sep|>b.py\nB\n<|file_sep|>src/a.py\n<|fim_prefix|>P1\nP2\n<|fim_suffix|>ad\nS1\nS2"
        "<|fim_middle|>he",
    ),
    "mellum by its base's name": (
        "<|endoftext|> <fim_prefix> <fim_suffix> <fim_middle> <reponame> <filename> <gh_stars>",
        {"general.name": "completions", "general.basename": "Mellum"},
        "<filename>b.py\nB\n<filename>src/a.py\n<fim_suffix>ad\nS1\nS2<fim_prefix>P1\nP2\nhe<fim_middle>",
    ),
    "mellum": (
        "<|endoftext|> <fim_prefix> <fim_suffix> <fim_middle> <reponame> <filename> <gh_stars>",
        {"general.name": "Mellum 4b Base"},
        "<filename>b.py\nB\n<filename>src/a.py\n<fim_suffix>ad\nS1\nS2<fim_prefix>P1\nP2\nhe<fim_middle>",
    ),
    "mellum 2": (
        "<|endoftext|> <fim_prefix> <fim_suffix> <fim_middle> <fim_pad> <reponame> <filename> <think> </think>",
        {"general.name": "Mellum2 12B A2.5B Base", "tokenizer.chat_template": "x"},
        "<filename>b.py\nB\n<filename>src/a.py\n<fim_suffix>ad\nS1\nS2<fim_prefix>P1\nP2\nhe<fim_middle>",
    ),
    "santacoder": (
        "<fim-prefix> <fim-suffix> <fim-middle>",
        {},
        "# b.py\nB\n# src/a.py\n<fim-prefix>P1\nP2\n<fim-suffix>ad\nS1\nS2<fim-middle>he",
    ),
    "seed-coder": (
        "<[fim-prefix]> <[fim-suffix]> <[fim-middle]>",
        {},
        "# b.py\nB\n# src/a.py\n<[fim-suffix]>ad\nS1\nS2<[fim-prefix]>P1\nP2\nhe<[fim-middle]>",
    ),
    "deepseek": (
        "<｜begin▁of▁sentence｜> <｜fim▁begin｜> <｜fim▁hole｜> <｜fim▁end｜> <｜User｜> <｜Assistant｜>",
        {"tokenizer.ggml.add_bos_token": "true", "tokenizer.ggml.bos_token_id": "0"},
        "<｜begin▁of▁sentence｜># b.py\nB\n# src/a.py\n<｜fim▁begin｜>P1\nP2\n<｜fim▁hole｜>ad\nS1\nS2<｜fim▁end｜>he",
    ),
    "codellama": (
        "<s> </s> ▁<PRE> ▁<SUF> ▁<MID>",
        {"tokenizer.ggml.add_bos_token": "true", "tokenizer.ggml.bos_token_id": "0"},
        "<s># b.py\nB\n# src/a.py\n▁<PRE>P1\nP2\n▁<SUF>ad\nS1\nS2▁<MID>he",
    ),
    "codestral": (
        "<s> [INST] [/INST] [SUFFIX] [PREFIX]",
        {"tokenizer.ggml.add_bos_token": "true", "tokenizer.ggml.bos_token_id": "0"},
        "<s># b.py\nB\n# src/a.py\n[SUFFIX]ad\nS1\nS2[PREFIX]P1\nP2\nhe",
    ),
    "glm": (
        "<|code_prefix|> <|code_middle|> <|code_suffix|>",
        {},
        "# b.py\nB\n# src/a.py\n<|code_prefix|>P1\nP2\n<|code_suffix|>ad\nS1\nS2<|code_middle|>he",
    ),
    "named by id": (
        "<before> <after> <between> <repo> <file>",
        {
            f"tokenizer.ggml.fim_{name}_token_id": str(number)
            for number, name in enumerate(("pre", "suf", "mid", "rep", "sep"))
        },
        "<repo>R\n<file>b.py\nB\n<file>src/a.py\n<before>P1\nP2\n<after>ad\nS1\nS2<between>he",
    ),
    "no tokens, no template": ("<s>", {}, "# b.py\nB\n# src/a.py\nP1\nP2\nhe"),
}


def special(names: str) -> dict[str, int]:
    return {text: number for number, text in enumerate(names.split())}


def written(parts: list[Part]) -> str:
    return "".join(part.text for part in parts)


def prompt(found: PromptFormat, cursor: FileAtCursor = CURSOR) -> list[Part]:
    return [*found.begin("R"), *found.chunk(ChunkKind.RELATED, "b.py", "B"), *found.current(cursor)]


@pytest.mark.parametrize("model", GOLDEN)
def test_prompts_are_what_each_family_was_trained_on(model: str) -> None:
    names, metadata, expected = GOLDEN[model]
    parts = prompt(PromptFormat.detect(metadata, special(names)))
    assert written(parts) == expected
    # Every control token is one, every other text is none.
    for part in parts:
        assert part.special == (part.text in names.split())


CHAT = {
    "chatml": ("<|im_start|> <|im_end|>", "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"),
    "llama 3": (
        "<|start_header_id|> <|end_header_id|> <|eot_id|>",
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "gemma": ("<start_of_turn> <end_of_turn>", "<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n"),
    "deepseek": ("<｜User｜> <｜Assistant｜>", "<｜User｜>", "<｜Assistant｜>"),
    "phi": ("<|user|> <|assistant|> <|end|>", "<|user|>\n", "<|end|>\n<|assistant|>\n"),
    "mistral": ("[INST] [/INST]", "[INST] ", "[/INST]"),
    "unknown": ("<s>", "### Instruction:\n", "\n### Response:\n"),
}


@pytest.mark.parametrize("model", CHAT)
def test_models_that_say_so_are_asked_in_words(model: str) -> None:
    names, user, answer = CHAT[model]
    metadata = {"tokenizer.chat_template": f"{{% {names} %}}", STYLE_KEY: "instruction"}
    found = PromptFormat.detect(metadata, special(names))
    assert found.style is PromptStyle.INSTRUCT
    assert found.shows_suffix
    parts = prompt(found)
    text = written(parts)
    assert text.startswith(user)
    assert "# b.py\nB\n" in text
    assert text.index("ad\nS1\nS2") < text.index("P1\nP2\n")
    # The answer is begun with the cursor's line, so the model goes on from there.
    assert text.endswith(f"P1\nP2\n```\n{answer}```\nhe")
    assert found.stop == ("\n```",)
    assert {part.text for part in parts if part.special} == (set(names.split()) if model != "unknown" else set())


def test_a_chat_template_that_uses_other_tokens_is_not_taken_for_one_it_resembles() -> None:
    metadata = {"tokenizer.chat_template": "{{ '[USER]' }}", STYLE_KEY: "instruction"}
    found = PromptFormat.detect(metadata, special("<|im_start|> <|im_end|>"))
    assert written(found.begin("")).startswith("### Instruction:")


@pytest.mark.parametrize("model", CHAT)
def test_models_with_only_a_chat_template_continue_the_text_before_the_cursor(model: str) -> None:
    names, *_ = CHAT[model]
    found = PromptFormat.detect({"tokenizer.chat_template": f"{{% {names} %}}"}, special(names))
    parts = prompt(found)
    assert written(parts) == "# b.py\nB\n# src/a.py\nP1\nP2\nhe"
    assert not any(part.special for part in parts)
    assert found.style is PromptStyle.CONTINUE
    assert not found.shows_suffix
    assert not found.is_prefix_first
    assert found.stop == ()


def test_the_start_token_begins_a_continued_text() -> None:
    metadata = {"tokenizer.ggml.add_bos_token": "true", "tokenizer.ggml.bos_token_id": "0"}
    assert written(prompt(PromptFormat.detect(metadata, special("<s>")))).startswith("<s># b.py\n")


def test_models_that_fill_in_say_so() -> None:
    for names, metadata, _ in GOLDEN.values():
        found = PromptFormat.detect(metadata, special(names))
        assert found.style is (PromptStyle.CONTINUE if names == "<s>" else PromptStyle.FILL)


def test_layout_version_1_without_a_tail_ends_in_prefix_and_head() -> None:
    names, metadata, _ = GOLDEN["embedded"]
    found = PromptFormat.detect(metadata, special(names))
    assert written(found.current(FileAtCursor("a", "P\n", "h", "", "S"))).endswith("<|fim_middle|>P\nh")
    assert written(found.chunk(ChunkKind.EDIT, "b.py", "x\n")) == "<|file_sep|>b.py (edited)\nx\n"


@pytest.mark.parametrize("version", ["2", "x", "-1"])
def test_an_unknown_layout_version_is_an_error(version: str) -> None:
    with pytest.raises(UnsupportedModelError, match="layout"):
        PromptFormat.detect({"iquest.prompt.version": version}, {})


def test_the_name_of_the_file_says_nothing() -> None:
    assert PromptFormat.detect({"general.name": "Qwen2.5-Coder", "general.file": "codellama.gguf"}, {}).tokens is None


def test_text_is_never_parsed_for_tokens() -> None:
    names, metadata, _ = GOLDEN["qwen"]
    found = PromptFormat.detect(metadata, special(names))
    cursor = FileAtCursor("<|file_sep|>", "<|fim_middle|>\n", "<|im_end|>", "", "")
    plain = [part.text for part in found.current(cursor) if not part.special]
    assert "<|fim_middle|>\n" in plain
    assert "<|im_end|>" in plain


def test_encode_joins_parts_in_order() -> None:
    parts = [Part("<a>", special=True), Part("x"), Part("y"), Part("<b>", special=True)]
    assert encode_parts(parts, {"<a>": 1, "<b>": 2}, [[10, 11], [12]]) == [1, 10, 11, 12, 2]
