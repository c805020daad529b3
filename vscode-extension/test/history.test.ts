import { expect, test } from "vitest";
import { hoverText } from "../src/history/hover";
import { lineEndText } from "../src/history/lineEnd";
import { remarksOf } from "../src/history/review";
import type { Explainer } from "../src/history/explain";
import type { Teller } from "../src/history/why";
import { middlewareOf } from "../src/middleware";
import type { DiffExplanation, Why } from "../src/server/protocol";
import type { InlineCompletions } from "../src/suggest/inline";

const step = (subject: string): Why["story"][number] => ({ commit: "0123456789abcdef", date: "2026-01-02", subject, reason: "why", change: "changed" });
const why: Why = { target: "a.py:3", story: ["one", "two", "three", "four"].map(step), since: "v1.0", deprecated_in: null };

test("behind a line stand the day, the author and the subject, a long one cut", () => {
  const found = { commit: "abc", date: "2026-01-02", author: "Ada", subject: "Add up prices" };
  expect(lineEndText(found)).toBe("2026-01-02 Ada: Add up prices");
  expect(lineEndText({ ...found, subject: "x".repeat(200) })).toHaveLength("2026-01-02 Ada: ".length + 60);
  expect(lineEndText({ commit: "", date: "", author: "", subject: "" })).toBe("not committed yet");
  expect(lineEndText({ commit: "abc", date: "", author: "", subject: "" })).toContain("shallow clone");
});

test("a hover shows the newest steps, the newest first, the reasons, and leads to the page", () => {
  const reasons = [{ kind: "docstring", text: "rounds", source: "a.py:2" }];
  const text = hoverText({ ...why, reasons, deprecated_parts: [{ name: "tax", since: null }] }, { folder: "/work" }, { uri: "file:///work/a.py", line: 2 });
  expect([...text.matchAll(/\*\*(\w+)\*\*/g)].map((found) => found[1])).toEqual(["four", "three", "two"]);
  expect(text.match(/: why$/gm)).toHaveLength(1); // the newest step's reason
  expect(text).toContain("and 1 more");
  expect(text).toContain("In releases since v1.0.");
  expect(text).toContain("> rounds");
  expect(text).toContain("<code>tax</code> is deprecated");
  expect(text).not.toContain("## ");
  expect(decodeURIComponent(text)).toContain('command:iquest.why?[{"uri":"file:///work/a.py","line":2}]');
  expect(hoverText({ ...why, story: [] }, { folder: "/work" }, { uri: "", line: 0 })).toBe("");
});

test("a review puts risks on their lines, and what is missing where the change begins", () => {
  const found: DiffExplanation = {
    summary: "", intent: "", history: [], model_text: null, risks: ["`f` changes"],
    files: [{ path: "a.py", status: "modified", symbols: [] }],
    missing: [{ path: "test_a.py", reason: "changes along", support: 3, confidence: 0.9 }, { path: "b.md", reason: "weak", support: 1, confidence: 0.1 }],
    places: [{ path: "a.py", name: "f", line: 7 }],
    remarks: [{ path: "a.py", line: 7, text: "`f` changes" }, { path: "c.py", line: 0, text: "binary" }],
  };
  expect(remarksOf(found)).toEqual([
    { path: "a.py", line: 6, label: "Risk", text: "<code>f</code> changes" },
    { path: "c.py", line: 0, label: "Risk", text: "binary" },
    { path: "a.py", line: 6, label: "Perhaps missing", text: "test\\_a.py: changes along" },
  ]);
  const two = [...found.missing, { path: "c.md", reason: "tells of it", support: 3, confidence: 0.9 }];
  expect(remarksOf({ ...found, missing: two, remarks: [] })[0]?.text).toBe("- test\\_a.py: changes along\n- c.md: tells of it");
  expect(remarksOf({ ...found, places: [], remarks: [] })).toMatchObject([{ path: "a.py", line: 0 }]);
  expect(remarksOf({ ...found, missing: [], remarks: [] })).toEqual([]);
});

test("the server's commands lead to the one page, and are not run where it is not needed", async () => {
  const asked: unknown[] = [];
  const sent: unknown[] = [];
  const between = middlewareOf({
    ask: async () => Promise.reject(new Error("no")),
    inline: { provide: () => undefined } as unknown as InlineCompletions,
    explainer: { explain: async (folder: { path: string }, target: string) => asked.push(["explain", folder.path, target]) } as unknown as Explainer,
    teller: { why: async (place: object) => asked.push(["why", place]) } as unknown as Teller,
    settings: () => ({ maxTokens: 3 }),
  });
  const next = (command: string, args: unknown[]): unknown => {
    sent.push([command, args]);
    return { folder: "file:///work", target: "abc" };
  };
  await between.executeCommand?.("iquest-lsp.why", ["file:///work/a.py", 3], next);
  await between.executeCommand?.("iquest-lsp.explainChange", ["file:///work/a.py", 3], next);
  await between.executeCommand?.("iquest.accepted", [7], next);
  expect(asked).toEqual([["why", { uri: "file:///work/a.py", line: 3 }], ["explain", "/work", "abc"]]);
  expect(sent).toEqual([["iquest-lsp.explainChange", ["file:///work/a.py", 3]], ["iquest.accepted", [7]]]);
});
