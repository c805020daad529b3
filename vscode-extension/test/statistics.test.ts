import { beforeEach, expect, test } from "vitest";
import { statisticsPage } from "../src/pages/statisticsPage";
import { percentile, Statistics } from "../src/status/statistics";

class MemoryStore {
  readonly values = new Map<string, unknown>();

  get<T>(key: string): T | undefined {
    return structuredClone(this.values.get(key)) as T | undefined;
  }

  async update(key: string, value: unknown): Promise<void> {
    this.values.set(key, structuredClone(value));
  }
}

let store: MemoryStore;
let statistics: Statistics;

beforeEach(() => {
  store = new MemoryStore();
  statistics = new Statistics(store, () => "2026-01-02");
});

test("a suggestion that is typed through counts once", () => {
  statistics.answered(10, "file:///a", 5, "width)");
  statistics.answered(10, "file:///a", 6, "idth)");
  statistics.answered(10, "file:///a", 8, "th)");
  expect(statistics.snapshot.shown).toBe(1);
});

test.each([
  ["another place", "file:///a", 4, "width)"],
  ["another document", "file:///b", 6, "idth)"],
  ["another text", "file:///a", 6, "eight)"],
])("%s is another suggestion", (_, uri, offset, text) => {
  statistics.answered(10, "file:///a", 5, "width)");
  statistics.answered(10, uri, offset, text);
  expect(statistics.snapshot.shown).toBe(2);
});

test("an accepted suggestion does not go on: the same text again is a new one", () => {
  statistics.answered(10, "file:///a", 5, "x");
  statistics.accepted(1);
  statistics.answered(10, "file:///a", 5, "x");
  expect(statistics.snapshot).toMatchObject({ shown: 2, accepted: 1, acceptedCharacters: 1 });
});

test("nothing suggested, withdrawn and failed are counted apart", () => {
  statistics.answered(10, "file:///a", 5, undefined);
  statistics.answered(10, "file:///a", 5, "");
  statistics.cancelled();
  statistics.failed();
  expect(statistics.snapshot).toMatchObject({ shown: 0, empty: 2, cancelled: 1, failed: 1 });
});

test("the counts outlive the window, and a reset forgets them", async () => {
  statistics.answered(10, "file:///a", 5, "x");
  await statistics.save();
  expect(new Statistics(store).snapshot).toMatchObject({ shown: 1, since: "2026-01-02", latencies: [10] });
  await statistics.reset();
  expect(new Statistics(store).snapshot.shown).toBe(0);
});

test("the latencies kept are the newest, and do not grow without end", () => {
  for (let i = 0; i < 1100; i++) statistics.answered(i, "file:///a", i, undefined);
  expect(statistics.snapshot.latencies.length).toBe(1000);
  expect(statistics.snapshot.latencies.at(-1)).toBe(1099);
});

test("percentiles by the nearest rank", () => {
  const values = [5, 1, 4, 2, 3];
  expect([0, 0.2, 0.5, 0.95, 1].map((share) => percentile(values, share))).toEqual([1, 1, 3, 5, 5]);
  expect(percentile([], 0.5)).toBeUndefined();
  expect(values).toEqual([5, 1, 4, 2, 3]);
});

test("the page says what was counted", () => {
  for (const latency of [100, 200, 300]) statistics.answered(latency, "file:///a", latency, "x");
  statistics.accepted(4);
  const page = statisticsPage(statistics.snapshot);
  expect(page).toContain("| suggestions offered | 3 |");
  expect(page).toContain("| accepted whole | 1 (33%) |");
  expect(page).toContain("| 50% within | 200 ms |");
  expect(page).toContain("| 95% within | 300 ms |");
});
