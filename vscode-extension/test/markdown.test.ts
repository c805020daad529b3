import { expect, test } from "vitest";
import { diffReport, messageIn } from "../src/pages/diffReport";
import { code, escape, modelProse, prose } from "../src/pages/markup";
import { replyReport } from "../src/pages/replyReport";
import { whyReport } from "../src/pages/whyReport";
import type { DiffExplanation } from "../src/server/protocol";

const origin = { folder: "/work/it's (here)" };
const found: DiffExplanation = {
  summary: "Changes `Area.of` and its test",
  intent: "fix",
  files: [
    { path: "shapes.py", status: "modified", symbols: [{ name: "Area.of", kind: "method", change: "body" }] },
    { path: "old_[1].py", status: "deleted", symbols: [] },
  ],
  history: [{ commit: "0123456789abcdef0123456789abcdef01234567", date: "2026-01-02", subject: "Add <b>areas</b>", reason: "introduced `Area.of`" }],
  missing: [{ path: "docs/shapes.md", reason: "changed in 4 of 5 commits with shapes.py", support: 4, confidence: 0.8 }],
  risks: ["`Area.of` is used in 3 other files"],
  model_text: null,
};

function links(markdown: string): { command: string; args: unknown[] }[] {
  return [...markdown.matchAll(/\]\(command:([\w.]+)\?([^)]*)\)/g)].map(([, command = "", query = ""]) => ({
    command,
    args: JSON.parse(decodeURIComponent(query)) as unknown[],
  }));
}

test("commits and files are links, deleted files are not", () => {
  const all = links(diffReport("", found, origin));
  expect(all).toEqual([
    { command: "iquest.openFile", args: [origin.folder, "shapes.py"] },
    { command: "iquest.openFile", args: [origin.folder, "docs/shapes.md"] },
    { command: "iquest.showCommit", args: [origin.folder, found.history[0]?.commit] },
  ]);
});

test("files that only likely change along are told of open work", () => {
  const guess = { path: "area.md", reason: "names `Area`", support: 1, confidence: 0.1 };
  const missing = [...found.missing, guess];
  const open = diffReport("", { ...found, missing }, origin);
  expect(open.split("## Might also change (weak evidence)")[1]).toContain("area.md");
  expect(open.split("## Might also change (weak evidence)")[0]).toContain("docs/shapes.md");
  const committed = diffReport("0123abc", { ...found, missing }, origin);
  expect(committed).toContain("docs/shapes.md");
  expect(committed).not.toMatch(/Likely|area\.md/);
});

test("a part of an explanation reads as one, without headings for what is not known yet", () => {
  const report = diffReport("", { summary: "Changes 2 files", files: found.files }, origin);
  expect(report).toContain("Changes 2 files");
  expect(report).toContain("shapes.py");
  expect(report).not.toMatch(/Intent|Risks|Perhaps missing|Related history|undefined/);
});

test("a model's prose keeps its paragraphs and lists, and its commits are links", () => {
  const text = modelProse("Fixes *areas*, see 0123abc.\n\n* first\n2. second of 1234567 and facade1", origin);
  expect(text.split("\n").map((line) => line.replace(/\(command.*?\)/g, "()"))).toEqual([
    "Fixes \\*areas\\*, see [0123abc]().", "", "- first", "- second of 1234567 and [facade1]()",
  ]);
  expect(links(text)[0]).toEqual({ command: "iquest.showCommit", args: [origin.folder, "0123abc"] });
});

test("an answer links what it cites and says what was left out", () => {
  const reply = { text: "It scales (shapes.py:3, 0123abc).", model: "tiny", commits: ["0123abc"], files: [{ path: "shapes.py", line: 3 }], dropped: [{ text: "x", citation: "gone.py" }] };
  const report = replyReport("Why?", reply, origin);
  expect(links(report)).toEqual([
    { command: "iquest.showCommit", args: [origin.folder, "0123abc"] },
    { command: "iquest.openFile", args: [origin.folder, "shapes.py", 3] },
  ]);
  expect(report).toContain("gone.py");
  expect(replyReport("Why?", { text: "It" }, origin)).not.toMatch(/Cited|Left out|Written|undefined/);
});

test("no answer is said to be none", () => {
  const reply = { text: " ", model: "tiny", commits: [], files: [], dropped: [{ text: "x", citation: "gone.py" }] };
  expect(replyReport("Why?", reply, origin)).toMatch(/gone\.py[^]*tiny gave no answer/);
  expect(replyReport("Why?", reply, origin)).not.toContain("Written");
});

test("every part of the explanation is there", () => {
  const report = diffReport("--staged", found, origin);
  for (const part of ["staged changes", "**Kind of change:** fix", "## Files", "## Perhaps missing", "## Risks", "## Related history"]) {
    expect(report).toContain(part);
  }
  expect(diffReport("", { ...found, missing: [], risks: [], history: [] }, origin)).not.toContain("##  ");
});

test.each(["<script>x</script>", "[click](command:evil)", "![](http://example.org/x.png)", "a\n\n# b", "`x` `", "&lt;b&gt;", "|a|b|", "a_b_c *d*"])(
  "text of others stays text: %s",
  (text) => {
    for (const shown of [escape(text), prose(text), code(text)]) {
      expect(shown).not.toMatch(/<(?!\/?code>)/);
      expect(shown).not.toMatch(/(?<!\\)\]\(/);
      expect(shown).not.toContain("\n");
    }
  },
);

test("a message goes into an empty box, and above what stands in another", () => {
  const made = { subject: "Add areas", body: "- Change `total`", guessed: null };
  expect(messageIn(" \n", made)).toBe("Add areas\n\n- Change `total`");
  expect(messageIn("Fixes #12\n", { ...made, body: "" })).toBe("Add areas\n\nFixes #12");
  expect(messageIn("Add areas\n\n- Change `total`", made)).toBe("Add areas\n\n- Change `total`");
});

test("a story without steps says so", () => {
  const nothing = { target: "a.py:1", story: [], since: null, deprecated_in: null };
  expect(whyReport(nothing, origin)).toContain("No commit was found");
  expect(whyReport({ ...nothing, partial: ["It is not committed yet."] }, origin)).toContain("not committed");
});

test("a story is told with its releases", () => {
  const story = [{ commit: "abc1234567890", date: "2026-01-02", subject: "Start", reason: "why not", change: "introduced" }];
  const report = whyReport({ target: "a.py:1", story, since: "v1.0", deprecated_in: "v2.0" }, origin);
  expect(report).toContain("v1.0");
  expect(report).toContain("Marked as deprecated since v2.0.");
  expect(whyReport({ target: "a.py:1", story, since: null, deprecated_in: "unreleased" }, origin)).toContain("in no release tag");
  expect(report).toContain("introduced");
  expect(links(report)).toEqual([{ command: "iquest.showCommit", args: [origin.folder, "abc1234567890"] }]);
});
