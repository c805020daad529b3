"""`python -m tests.port.table`: the relative logit errors that the port tests bound, as a Markdown table."""

from __future__ import annotations

import tempfile
from pathlib import Path

from iquest_lsp.runtime.llama.model import Model, port_version
from quantize.oracle import Oracle, Wrong
from tests.port.agreement import CASES, TOLERANCE, WAYS, error, lengths, model_file, open_context, prefill, tokens_for


def main() -> None:
    """Prints one row per model: the worst error over lengths of 1 to 5 windows, and what the wrong variants give."""
    print(f"llama_cpp {port_version()}, float32, no flash attention; tolerance {TOLERANCE:g}\n")
    print("| model | " + " | ".join(WAYS) + " | " + " | ".join(f"wrong: {wrong.value}" for wrong in Wrong) + " |")
    print("|---" * (1 + len(WAYS) + len(Wrong)) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for name, recipe in CASES.items():
            path = model_file(Path(folder), recipe)
            oracle, model = Oracle.from_gguf(path), Model.load(path)
            cells = []
            for evaluate, sequences in WAYS.values():
                worst = 0.0
                for n in lengths(recipe):
                    context = open_context(model, sequences=sequences)
                    tokens = tokens_for(recipe, n)
                    worst = max(worst, error(evaluate(context, tokens), oracle.logits(tokens)))
                    context.close()
                cells.append(f"{worst:.1e}")
            tokens = tokens_for(recipe, lengths(recipe)[1])
            context = open_context(model)
            result = prefill(context, tokens)
            for wrong in Wrong:
                unrotated = recipe.max_alibi_bias > 0 or recipe.gate_hidden
                same = recipe.passes == 1 or (wrong is Wrong.GATE_BEFORE_ROPE and unrotated)
                cells.append("–" if same else f"{error(result, oracle.logits(tokens, wrong=wrong)):.1e}")
            context.close()
            model.close()
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
