import { expect, test } from "vitest";
import type { ContextWindow } from "../src/server/protocol";
import { type Node, windowTree } from "../src/status/windowTree";

const window: ContextWindow = {
  root: "file:///work",
  budget: 8192,
  tokens: 1100,
  stable_prefix_tokens: 900,
  chunks: [
    { kind: "tree", path: ".tree", start: 0, end: 0, tokens: 200, reason: "the project's files" },
    { kind: "open", path: "a.py", start: 3, end: 9, tokens: 300, reason: "open in the editor" },
    { kind: "open", path: "b.py", start: 1, end: 90, tokens: 500, reason: "open in the editor" },
    { kind: "current", path: "c.py", start: 1, end: 20, tokens: 100, reason: "the file at the cursor" },
  ],
  dropped: [{ path: ".env", reason: "looks like secrets" }],
};

test("pieces are grouped by kind, in the order of the layout, with their sums", () => {
  const tree = windowTree(window, undefined);
  expect(tree.map((node) => `${node.label}: ${node.description}`)).toEqual([
    "1,100 of 8,192 tokens: ",
    "Project tree: 200 tokens",
    "Open files: 800 tokens",
    "This file: 100 tokens",
    "Left out: 1",
  ]);
});

test("what other tools said of the code is a group of its own, and no file", () => {
  const chunks = [...window.chunks, { kind: "flow", path: ".diagnostics", start: 0, end: 0, tokens: 7, reason: "what other tools say" }] as const;
  const group = windowTree({ ...window, chunks }, undefined).find((node) => node.label === "Diagnostics");
  expect(group).toMatchObject({ description: "7 tokens", tooltip: "Diagnostics · 7 tokens: what other tools say", children: [] });
  expect(group?.path).toBeUndefined();
});

test("a piece leads to its lines and says why it is there", () => {
  const piece = windowTree(window, undefined)[2]?.children[0];
  expect(piece).toMatchObject({ label: "a.py:3–9", path: "a.py", line: 3, tooltip: "a.py:3–9 · 300 tokens: open in the editor" });
});

test("a piece that is no part of a file stands for its group: no name leads to the same name again", () => {
  const history = { kind: "flow", path: ".history", start: 0, end: 0, tokens: 40, reason: "3 commits" } as const;
  const tree = windowTree({ ...window, chunks: [...window.chunks, history], texts: ["the tree", "a", "b", "c", "the story"] }, 1000);
  expect(tree[1]).toMatchObject({ label: "Project tree", description: "200 tokens · cached", tooltip: "Project tree · 200 tokens · cached: the project's files", text: "the tree", children: [] });
  expect(tree[2]).toMatchObject({ label: "History", text: "the story", children: [] });
  for (const node of tree) expect(node.children.map((child) => child.label)).not.toContain(node.label);
});

/** All pieces of the window: those of the groups, and what stands for its group. */
function pieces(tree: readonly Node[]): Node[] {
  return tree.slice(1, -1).flatMap((node) => (node.children.length > 0 ? node.children : [node]));
}

test("cached is what lies whole within the tokens found in the cache", () => {
  const described = (reused: number | undefined): string[] =>
    pieces(windowTree(window, reused)).map((node) => node.description.split(" · ")[1] ?? "");
  expect(described(1000)).toEqual(["cached", "cached", "cached", "to read"]);
  expect(described(999)).toEqual(["cached", "cached", "to read", "to read"]);
  expect(described(undefined)).toEqual(["", "", "", ""]);
});

test("whether a piece of a file is cached is told by its sign too, and aloud with its unit", () => {
  const [cached, toRead] = windowTree(window, 999)[2]?.children ?? [];
  expect(cached).toMatchObject({ icon: "check", description: "300 · cached", spoken: "a.py:3–9, 300 tokens, cached" });
  expect(toRead).toMatchObject({ icon: "book", description: "500 · to read", spoken: "b.py:1–90, 500 tokens, to read" });
  expect(windowTree(window, undefined)[2]?.children[0]).toMatchObject({ icon: "files", description: "300" });
});

test("what was left out says why", () => {
  expect(windowTree(window, undefined).at(-1)?.children).toMatchObject([{ label: ".env", description: "looks like secrets", path: ".env" }]);
});

test("a file of which many pieces were left out is there once, and a path is a name with its folder behind", () => {
  const dropped = Array.from({ length: 3 }, () => ({ path: "src/long/file.py", reason: "over the budget" }));
  const chunks = [{ kind: "related", path: "src/long/file.py", start: 1, end: 4, tokens: 50, reason: "defines x" }] as const;
  const tree = windowTree({ ...window, chunks, dropped }, undefined);
  expect(tree.at(-1)).toMatchObject({ description: "1", folded: true });
  expect(tree.at(-1)?.children).toMatchObject([{ label: "file.py", description: "over the budget (3 pieces) · src/long", path: "src/long/file.py" }]);
  expect(tree[1]?.children).toMatchObject([{ label: "file.py:1–4", description: "50 · src/long", spoken: "file.py:1–4, 50 tokens, src/long", tooltip: "src/long/file.py:1–4 · 50 tokens: defines x" }]);
});

test("what the window could not be made of stands at the top", () => {
  const tree = windowTree({ ...window, partial: ["the files are still being read: 50 of 900"] }, undefined);
  expect(tree[1]).toMatchObject({ label: "Partial", description: "the files are still being read: 50 of 900" });
  expect(windowTree({ ...window, partial: null }, undefined)).toEqual(windowTree(window, undefined));
});

test("a piece has the text that stands in the window, and a made one is opened by it", () => {
  const tree = windowTree({ ...window, texts: ["the tree", "a", "b", "c"] }, undefined);
  expect(tree[1]).toMatchObject({ text: "the tree" });
  expect(tree[2]?.children.map((node) => node.text)).toEqual(["a", "b"]);
});

test("a remembered answer reports no reuse of its own: what the last evaluated one found stays, and both are told", () => {
  const told = (tree: readonly Node[]): string[] => tree[0]?.children.map((node) => node.tooltip) ?? [];
  const remembered = "last answer remembered: Nothing was read for it.";
  const tree = windowTree(window, 1000, true);
  expect(told(tree)).toEqual(["900 stay while typing", "1,000 were cached", remembered]);
  expect(pieces(tree).filter((node) => node.description.includes("cached"))).toHaveLength(3);
  const none = windowTree(window, undefined, true);
  expect(told(none)).toEqual(["900 stay while typing", remembered]);
  expect(pieces(none).some((node) => /cached|to read/.test(node.description))).toBe(false);
});
