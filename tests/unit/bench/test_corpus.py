from __future__ import annotations

from iquest_lsp.bench.corpus import code_tokens


def test_the_corpus_has_the_length_asked_for_and_is_the_same_each_time() -> None:
    def tokenize(text: str) -> list[int]:
        return list(text[:500].encode("utf-8", "replace"))

    tokens = code_tokens(tokenize, 3000)
    assert len(tokens) == 3000
    assert tokens == code_tokens(tokenize, 3000)
    assert code_tokens(tokenize, 900) == tokens[:900]
