// What a change does and why a line is so, asked from everywhere in a real VS Code.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { look } from "./look.mjs";
import { SHAPES, stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

const CHANGED = SHAPES.replace("return width * height", "return abs(width * height)");
const USE = "from shapes import area\n\n\ndef room():\n    return area(2, 3)\n";
const scene = stage({
  settings: { "iquest.deadlineMs": 300_000, "iquest.codeLens": true },
  files: { "shapes.py": SHAPES, "rooms.py": USE, "test_shapes.py": USE.replace("room", "test_area"), "notes.md": "# Shapes\n" },
  prepare(editor) {
    editor.write("shapes.py", SHAPES.replace("(width + height)", "(height + width)"));
    editor.commit("Turn a sum round");
    editor.write("shapes.py", SHAPES);
    editor.commit("Turn it back");
  },
});

async function explained(...parts) {
  const report = await scene.window.reportWith("Related history");
  const main = report.locator("main#main");
  await until("the whole answer", async () => !(await main.textContent()).includes("Reading the history"));
  const text = await main.textContent();
  for (const part of parts) assert.ok(text.includes(part), `${part} in: ${text}`);
  return report;
}

test("a real change is explained from the palette, and its commits are links", async () => {
  const { editor, window } = scene;
  editor.write("shapes.py", CHANGED);
  await window.command("IQuest: Explain a Change");
  await window.pick("The working tree");
  const report = await explained("What the working tree", "shapes.py", "area", "Compute areas");
  await report.locator("main#main a", { hasText: /^[0-9a-f]{10}$/ }).last().click();
  await window.page.locator(".tab.active", { hasText: "Compute areas" }).waitFor();
  await window.closeEditors();
});

test("a change is explained from the title of source control and from a diff editor", async () => {
  const { editor, window } = scene;
  editor.write("shapes.py", CHANGED);
  await window.page.keyboard.press("Control+Shift+G");
  const row = window.page.locator(".scm-view .monaco-list-row", { hasText: "shapes.py" }).first();
  await row.waitFor();
  await window.button(".part.sidebar", "Explain This Diff");
  await explained("What the working tree", "area");
  await window.closeEditors();
  await row.click();
  await window.page.locator(".tab.active", { hasText: "(Working Tree)" }).waitFor();
  await window.button(".part.editor", "Explain This Diff");
  await explained("What the working tree", "area");
  await window.closeEditors();
});

test("a commit is explained from the timeline", async () => {
  const { window } = scene;
  await window.command("Explorer: Focus on Timeline View");
  const row = window.page.locator(".timeline-tree-view .monaco-list-row", { hasText: "Turn a sum round" }).first();
  await row.waitFor();
  await window.menu(row, "Explain This Diff");
  await explained("perimeter", "Turn a sum round");
  await window.closeEditors();
});

test("a line tells why it is so, from the editor's menu", async () => {
  const { window } = scene;
  await window.menu(window.text.locator(".view-line", { hasText: "return width" }).first(), "Why Is This Line So?");
  const report = await window.reportWith("Why shapes.py:5");
  assert.match(await report.locator("main#main").textContent(), /Compute areas/);
  await window.closeEditors();
});

test("a definition on the page of a change leads to its line", async () => {
  const { editor, window } = scene;
  editor.write("shapes.py", CHANGED);
  await window.command("IQuest: Explain a Change");
  await window.pick("The working tree");
  const report = await explained("What the working tree", "area");
  await window.file("notes.md");
  await report.locator("main#main li li a", { hasText: /^area$/ }).first().click();
  await window.page.locator('.tab.active[data-resource-name="shapes.py"]').first().waitFor();
  await window.isAt(4);
  await window.closeEditors();
});

test("which change may have broken a line: asked from the palette and from the page of its story, with commits that open", async () => {
  const { window } = scene;
  await window.line(9);
  await window.isAt(9);
  await window.command("IQuest: Which Change May Have Broken This?");
  const suspects = await window.reportWith("Which change may have broken shapes.py:9");
  const main = suspects.locator("main#main");
  await until("the whole answer", async () => !(await main.textContent()).includes("Reading the history"));
  assert.match(await main.textContent(), /Ada — Turn it back.*\([01]\.\d\d\)/s);
  await look(window, "suspects");
  await window.command("IQuest: Why Is This Line So?");
  const why = await window.reportWith("Why shapes.py:9");
  await look(window, "why");
  await why.locator("main#main a", { hasText: "Which change may have broken it?" }).first().click();
  await window.reportWith("Which change may have broken shapes.py:9");
  await main.locator("a", { hasText: /^[0-9a-f]{10}$/ }).first().click();
  await window.page.locator(".tab.active", { hasText: /Turn (it back|a sum round)/ }).waitFor();
  await window.closeEditors();
});

test("a revision that does not exist is an answer, not a failure of the editor", async () => {
  const { window } = scene;
  await window.command("IQuest: Explain a Change");
  await window.pick("A range …");
  await window.enter("no-such..HEAD");
  const report = await window.reportWith("That did not work");
  assert.match(await report.locator("main#main").textContent(), /no-such/);
  await look(window, "failure");
});

test("one panel shows all answers: who, when, where, who calls it, which tests; a definition leads to its line", async () => {
  const { window } = scene;
  await window.command("Explorer: Focus on Timeline View");
  const row = window.page.locator(".timeline-tree-view .monaco-list-row", { hasText: "Turn it back" }).first();
  await row.waitFor();
  await window.menu(row, "Explain This Diff");
  const report = await explained("Turn it back", "Ada, ", "perimeter");
  const text = await report.locator("main#main").textContent();
  assert.match(text, /Ada, \d{4}-\d\d-\d\d/);
  assert.ok(!/Kind of change:\s*unknown|Intent: change/.test(text), text);
  await window.file("shapes.py");
  await window.line(4);
  await window.isAt(4);
  await window.command("IQuest: What Else Must Change With This?");
  const impact = await window.reportWith("What else changes with");
  const told = await impact.locator("main#main").textContent();
  assert.match(told, /Callers.*rooms\.py:5/s);
  assert.match(told, /Tests.*test_shapes\.py/s);
  await look(window, "impact");
  assert.equal(await window.page.locator(".tab", { hasText: /Explain|What changes with/ }).count(), 1, "one panel for both");
  await impact.locator("main#main a", { hasText: "rooms.py:5" }).first().click();
  await window.page.locator('.tab.active[data-resource-name="rooms.py"]').first().waitFor();
  await window.isAt(5);
  await impact.locator("main#main a", { hasText: "Back" }).click();
  await window.reportWith("Turn it back");
  await window.closeEditors();
});

test("a lens and a code action lead to the same panel, and to no document of markdown", async () => {
  const { window } = scene;
  await window.rewrite("shapes.py", CHANGED, "abs(width * height)");
  await window.save();
  const lens = window.page.locator(".codelens-decoration a", { hasText: "explain" }).first();
  await lens.waitFor();
  await look(window, "lens");
  await lens.click();
  await explained("What the working tree", "area");
  await window.file("shapes.py");
  await window.line(8);
  await window.isAt(8);
  await window.page.keyboard.press("Control+Shift+P");
  await window.enter(">Source Action...");
  const action = window.page.locator(".action-widget .monaco-list-row", { hasText: "why is this so" }).first();
  await action.waitFor();
  await action.click();
  await window.reportWith("Why shapes.py");
  assert.equal(await window.page.locator(".tab", { hasText: /explanation\.md|why\.md/ }).count(), 0);
  await window.closeEditors();
});

test("a file and a group of source control are explained, a message is written, and what is staged is reviewed on its lines", async () => {
  const { editor, window } = scene;
  editor.write("shapes.py", SHAPES.replace("def area(width, height):", "def area(width, height, depth):"));
  execFileSync("git", ["-C", editor.folder, "add", "shapes.py"]);
  await window.page.keyboard.press("Control+Shift+G");
  const row = window.page.locator(".scm-view .monaco-list-row", { hasText: "shapes.py" }).first();
  await row.waitFor();
  await window.menu(row, "Explain the Change in This File");
  await explained("What the changes in shapes.py do", "area");
  const group = window.page.locator(".scm-view .monaco-list-row", { hasText: "Staged Changes" }).first();
  await window.menu(group, "Explain These Changes");
  await explained("What the staged changes do", "area");
  const box = window.page.locator(".scm-view .scm-input .view-lines").first();
  const written = async () => (await box.textContent()).replaceAll("\u00a0", " ");
  const offered = window.page.locator(".suggest-widget .monaco-list-row.focused", { hasText: "from the change's facts" });
  await box.click();
  await window.type("Fixes #12");
  await until("the message among the box's completions", async () => {
    await window.page.keyboard.press("Control+Space");
    return offered.waitFor({ timeout: 5000 }).then(() => true, () => false);
  });
  await look(window, "commit-message-offered");
  await window.page.keyboard.press("Enter");
  await until("the message above what was there", async () => /depth.*Fixes #12/s.test(await written()));
  await window.page.keyboard.press("Control+A");
  await window.page.keyboard.press("Delete");
  await window.button(".part.sidebar", "Write a Commit Message");
  await until("a message in the box", async () => /depth/.test(await written()));
  await look(window, "commit-message");
  await window.command("IQuest: Review the Staged Changes");
  const remark = window.page.locator(".review-widget", { hasText: "callers are unchanged" }).first();
  await remark.waitFor();
  await look(window, "review");
  await window.command("IQuest: Clear the Review");
  await remark.waitFor({ state: "detached" });
  execFileSync("git", ["-C", editor.folder, "reset", "-q"]);
  await window.closeEditors();
});
