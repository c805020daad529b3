import { beforeEach, expect, test } from "vitest";
import { toLookAtReport } from "../src/pages/askedFor";
import { diffReport } from "../src/pages/diffReport";
import { withPlaces } from "../src/pages/markup";
import { same } from "../src/pages/parts";
import { noModelReport } from "../src/pages/replyReport";
import { Pages } from "../src/pages/report";
import { impactReport, suspectsReport, whyReport } from "../src/pages/whyReport";
import type { DiffExplanation, Impact, NextEdit, Why } from "../src/server/protocol";
import { pages } from "./fakes/vscode";

const origin = { folder: "/work" };
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const impact: Impact = {
  target: "a.py::total",
  items: [
    { path: "b.py", line: 3, kind: "caller", reason: "calls `total`" },
    { path: "test_a.py", line: 9, kind: "test", reason: "tests `total`" },
    { path: "docs/a.md", line: 2, kind: "docs", reason: "mentions `total`" },
    { path: "c.py", line: 1, kind: "cochange", reason: "changed in 3 of 4 commits" },
  ],
};
const change: DiffExplanation = {
  summary: "Round totals. Changes the body of `total`.",
  intent: "change",
  files: [{ path: "a.py", status: "modified", symbols: [{ name: "total", kind: "function", change: "body" }, { name: "gone", kind: "function", change: "removed" }] }],
  history: [{ commit: COMMIT, date: "2026-01-02", subject: "Add up prices", reason: "introduced `total`" }],
  missing: [],
  risks: ["These callers are unchanged: b.py:3, no.py:4"],
  model_text: null,
  places: [{ path: "a.py", name: "total", line: 12 }],
  remarks: [{ path: "b.py", line: 3, text: "" }],
};

function links(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(command:([\w.]+)\?([^)]*)\)/g)].map(([, command = "", query = ""]) => `${command} ${decodeURIComponent(query)}`);
}

beforeEach(() => {
  pages.length = 0;
});

test("a commit's page begins with its subject, author and day, and says the subject once", () => {
  const commit = { commit: COMMIT, author: "Ada L.", date: "2026-02-03", subject: "Round totals" };
  const report = diffReport(COMMIT, change, origin, { commit });
  expect(report.match(/Round totals/g)).toHaveLength(1);
  expect(report).toContain("Ada L., 2026\\-02\\-03");
  expect(report).toContain("Changes the body of");
  expect(report).not.toMatch(/Kind of change|unknown/);
});

test("a definition leads to its line, one that is gone does not, and a risk leads to the places that are known", () => {
  const all = links(diffReport("", change, origin));
  expect(all).toContain('iquest.openFile ["/work","a.py",12]');
  expect(all).toContain('iquest.openFile ["/work","b.py",3]');
  expect(all.some((link) => link.includes("no.py"))).toBe(false);
  expect(all.filter((link) => link.includes("a.py"))).toHaveLength(2);
});

test("callers, tests, documents and what changes along are lists of their own, with their counts", () => {
  const report = diffReport("", change, origin, { impact, authors: new Map([[COMMIT, "Bo"]]) });
  for (const part of ["## Callers (1)", "## Tests (1)", "## Documentation and configuration (1)", "## Usually changed along (1)", ", Bo —"]) {
    expect(report).toContain(part);
  }
  expect(links(report)).toContain('iquest.openFile ["/work","c.py"]'); // no line: the whole file is meant
  const many = { ...impact, items: Array.from({ length: 11 }, () => impact.items[0]!) };
  expect(diffReport("", change, origin, { impact: many })).toContain("and 3 more");
});

test("next edits are told where there are any", () => {
  const edit = { old: "sum", text: "total", reason: "renamed" } as NextEdit;
  expect(links(diffReport("", change, origin, { askedFor: { edits: [edit], places: [] } }))).toContain("iquest.allNextEdits []");
  const nothing = diffReport("", change, origin, { askedFor: { edits: [], places: [] } });
  expect(nothing).not.toContain("Next edits");
  expect(nothing).not.toContain("To look at");
});

test("lines to look at are links with their reasons, and no edits", () => {
  const place = { folder: "/work", path: "src/b.py", name: "work/src/b.py", line: 7, reason: "`area` takes other parameters now" };
  const report = diffReport("", change, origin, { askedFor: { edits: [], places: Array.from({ length: 10 }, () => place) } });
  expect(links(report)).toContain('iquest.openFile ["/work","src/b.py",7]');
  expect(report).toContain("## To look at (10)");
  expect(report).toContain("and 2 more");
  expect(report).not.toContain("allNextEdits");
  const page = toLookAtReport(Array.from({ length: 10 }, () => place));
  expect(page).not.toContain("more");
  expect(page).toContain("What to write there cannot be told.");
});

test("a file's own change is named in the heading", () => {
  expect(diffReport("", change, origin, { only: "a.py" })).toMatch(/^# What the changes in <code>a.py<\/code> do/);
});

test("a reason that only repeats the subject is left out", () => {
  expect(same("Add up prices", "Add up prices.")).toBe(true);
  expect(same("Add up prices. Fixes #1", "Add up prices")).toBe(false);
  const why: Why = { target: "a.py:1", story: [{ ...change.history[0]!, reason: "Add up prices", change: "added" }], since: null, deprecated_in: null };
  expect(whyReport(why, origin).match(/Add up prices/g)).toHaveLength(1);
});

test("why tells reasons with their sources, deprecated parts, callers, and leads to the suspects", () => {
  const why: Why = {
    target: "a.py::total", story: [{ ...change.history[0]!, change: "added" }], since: "v1.0", deprecated_in: null,
    deprecated_parts: [{ name: "member", since: "v2.0" }, { name: "tax", since: null }],
    reasons: [
      { kind: "changelog", text: "`total` rounds", source: "CHANGES.md:7" },
      { kind: "message", text: "Too exact", source: COMMIT },
      { kind: "issue", text: "Odd bills", source: "#12" },
    ],
  };
  const report = whyReport(why, origin, { impact, place: { uri: "file:///work/a.py", line: 3 } });
  expect(report).toContain("The parameter <code>member</code> is deprecated since v2.0.");
  expect(report).toContain("The parameter <code>tax</code> is deprecated.");
  expect(report).toContain("## Reasons");
  expect(report).toContain("## Callers (1)");
  const all = links(report);
  expect(all).toContain('iquest.openFile ["/work","CHANGES.md",7]');
  expect(all).toContain(`iquest.showCommit ["/work","${COMMIT}"]`);
  expect(all.at(-1)).toBe('iquest.suspects [{"uri":"file:///work/a.py","line":3}]');
});

test("impact and suspects are pages of their own, and say so where there is nothing", () => {
  expect(impactReport(impact, origin)).toContain("## Callers (1)");
  expect(impactReport({ target: "x", items: [] }, origin)).toContain("Nothing else is known");
  const suspects = { items: [{ ...change.history[0]!, score: 0.625 }] };
  expect(suspectsReport("a.py:3", suspects, origin, new Map([[COMMIT, "Bo"]]))).toMatch(/, Bo — .*\(0\.63\)/);
  expect(suspectsReport("a.py:3", { items: [], partial: ["The index is not finished."] }, origin)).toMatch(/No recent change.*not finished/s);
});

test("places in a sentence become links only where the file is known", () => {
  expect(links(withPlaces("see `a.py`, a.py:3, b.py:4", new Set(["a.py"]), origin))).toEqual(['iquest.openFile ["/work","a.py",3]']);
  expect(withPlaces("<b> a.py:3", new Set(), origin)).not.toContain("<b>");
});

test("where no model answers, two links say what can be done", () => {
  expect(links(noModelReport("Why?")).map((link) => link.split(" ")[0])).toEqual(["iquest.pickAnswerModel", "workbench.action.openSettings"]);
});

test("one panel shows all pages, one after the other, and goes back", async () => {
  const all = new Pages();
  await all.open("first").show("one");
  await all.open("second").show("two");
  expect(pages).toHaveLength(1);
  expect(pages[0]?.sent.at(-1)).toMatch(/Back.*two/s);
  all.back();
  await expect.poll(() => pages[0]?.sent.at(-1)).toBe("<p>one</p>");
});

test("a page that another one takes the place of is sent nothing more", async () => {
  const all = new Pages();
  const first = all.open("first");
  let cancelled = false;
  let go: () => void = () => undefined;
  const filled = first.fill(async (_, token) => {
    await new Promise<void>((resolve) => (go = resolve));
    cancelled = token.isCancellationRequested;
    return "late";
  });
  await all.open("second").show("two");
  go();
  await filled;
  expect(cancelled).toBe(true);
  expect(pages[0]?.sent.at(-1)).toBe("<p>two</p>");
});

test("the field for further questions is there only on pages that answer them", async () => {
  const all = new Pages();
  const asked: string[] = [];
  await all.open("ask", (question) => asked.push(question)).show("answer");
  expect(pages[0]?.sent).toContainEqual({ form: true });
  pages[0]?.say({ question: "and then?" });
  pages[0]?.say({ other: 1 });
  expect(asked).toEqual(["and then?"]);
  await all.open("why").show("because");
  expect(pages[0]?.sent).toContainEqual({ form: false });
});

test("a panel that was closed is made anew, without what was before", async () => {
  const all = new Pages();
  await all.open("first").show("one");
  pages[0]?.close();
  await all.open("second").show("two");
  expect(pages).toHaveLength(2);
  expect(pages[1]?.sent).toEqual(["<p>two</p>"]);
});
