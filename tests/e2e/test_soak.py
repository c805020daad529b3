"""The soak's short form: some seconds of four quick typists, every promise of the long one but memory's."""

from __future__ import annotations

from tests.e2e.soak import run


async def test_some_seconds_of_four_typists() -> None:
    report = await run(0.1, "fake", speed=2, at_least=21)
    assert report["problems"] == []
    assert report["requests"] > 20
    assert report["answered"] + report["cancelled"] == report["requests"]
