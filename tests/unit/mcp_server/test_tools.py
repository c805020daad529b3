from __future__ import annotations

from iquest_lsp.mcp_server import tools


def test_every_tool_says_what_when_and_an_example() -> None:
    assert [*tools.TOOLS] == ["explain_diff", "why", "impact", "next_edit", "suspects", "context"]
    for tool in tools.TOOLS.values():
        assert "\nUse it " in tool.about
        assert "\nExample: {" in tool.about
        assert tool.name in tools.INSTRUCTIONS
        for argument in tool.takes:
            assert argument.about.endswith((".", "`.")), argument.name
