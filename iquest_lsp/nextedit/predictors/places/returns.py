"""Places to look at (Go): what a function gives back in another number than its head says now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from iquest_lsp.codeflow.reading import Sources
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.parsed import Parsed
from iquest_lsp.nextedit.predictors.changed_heads import changed_heads, results_of
from iquest_lsp.nextedit.records import EditKind, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

_HEADS = ("function_declaration", "method_declaration")
#: Results that have names, of which a bare `return` gives what they are.
_NAMED = re.compile(r"\)\s*\(\s*\w+(?:\s*,\s*\w+)*\s+[^,()\s]")


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[Place]:
    """The returns of every function whose number of results is another one now."""
    for change in changes:
        if not change.path.endswith(".go") or change.after.root is None:
            continue
        for item in changed_heads(change):
            old, new = results_of(item.old_head), results_of(item.head)
            if old is None or new is None or old == new:
                continue
            what = "more" if new > old else "fewer"
            for first, last in _returns(change.after, item.line, old, new, is_named=bool(_NAMED.search(item.head))):
                if not any(map(change.is_changed, range(first, last + 1))):
                    yield Place(
                        change.path,
                        first,
                        last,
                        EditKind.SIGNATURE,
                        Reason(ReasonKind.RESULTS, (item.short, str(new))),
                        Sort.of(PredictorKind.MISFIT, "return", what),
                        trigger=(change.path, item.line),
                    )


def _returns(text: Parsed, line: int, old: int, new: int, *, is_named: bool) -> Iterator[tuple[int, int]]:
    """The lines of the returns of the function at a line that give as many as it gave, and not as many as it gives."""
    function = text.first_node(line)
    while function is not None and function.type not in _HEADS:
        function = function.parent
    stack = [function] if function is not None else []
    while stack:
        node = stack.pop()
        if node.type == "return_statement":
            given = node.named_children[0].named_children if node.named_children else []
            # One call may give all that is asked for.
            passes_on = new > 1 and len(given) == 1 and given[0].type == "call_expression"
            if len(given) == old and not passes_on and (given or not is_named):
                yield node.start_point.row, node.end_point.row
        elif node.type != "func_literal":
            stack += node.named_children
