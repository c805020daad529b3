"""A benchmark's report: the keys that scripts read, medians, and cases run in turns."""

from __future__ import annotations

from iquest_lsp.bench.report import Report, Row, Sample, interleaved, percentile


def test_rows_have_the_documented_keys() -> None:
    samples = tuple(Sample(seconds, seconds / 2) for seconds in (0.3, 0.1, 0.2))
    report = Report("prefill", "tiny", [Row("ours", 100, samples, "note")]).to_json()
    assert {"machine", "model", "rows"} <= set(report)
    row = report["rows"][0]
    assert {"case", "tokens", "seconds", "tokens_per_second", "p50_ms", "p95_ms", "note"} <= set(row)
    assert (row["seconds"], row["tokens_per_second"], row["p50_ms"], row["p95_ms"]) == (0.2, 500.0, 200.0, 300.0)


def test_the_nearest_rank_percentile() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.95), percentile(values, 1.0)) == (50.0, 95.0, 100.0)
    assert percentile([7.0], 0.95) == 7.0


def test_cases_run_in_turns() -> None:
    order: list[str] = []

    def case(name: str) -> Sample:
        order.append(name)
        return Sample(1.0, 1.0)

    found = interleaved({"a": lambda: case("a"), "b": lambda: case("b")}, 3)
    assert order == ["a", "b"] * 3
    assert {name: len(samples) for name, samples in found.items()} == {"a": 3, "b": 3}
