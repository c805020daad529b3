import { expect, test } from "vitest";
import { targetOfDiff, targetOfTimelineItem } from "../src/history/diffTarget";

const git = (ref: string): { scheme: string; query: string } => ({ scheme: "git", query: JSON.stringify({ path: "/a.py", ref }) });
const file = { scheme: "file", query: "" };
const sha = "0123456789abcdef0123456789abcdef01234567";

test.each([
  ["the working tree against the index", git("~"), file, ""],
  ["the working tree against HEAD", git("HEAD"), file, ""],
  ["what is staged", git("HEAD"), git(""), "--staged"],
  ["a commit against its parent", git(`${sha}^`), git(sha), sha],
  ["two revisions", git("v1"), git("v2"), "v1..v2"],
  ["two files", file, file, undefined],
  ["a broken query", { scheme: "git", query: "{" }, file, undefined],
  ["git against something else", git("HEAD"), { scheme: "untitled", query: "" }, undefined],
])("%s", (_, original, modified, target) => {
  expect(targetOfDiff(original, modified)).toBe(target);
});

test.each([
  [{ ref: sha }, sha],
  [{ ref: "" }, "--staged"],
  [{ ref: "~" }, "--staged"],
  [{ handle: `git-history|${sha}` }, sha],
  [{ handle: "git-history|working" }, ""],
  [{ handle: "git-history|index" }, "--staged"],
  [{}, undefined],
  [undefined, undefined],
])("the timeline's %o", (item, target) => {
  expect(targetOfTimelineItem(item)).toBe(target);
});
