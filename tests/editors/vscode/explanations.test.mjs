// What a change does and why a line is so, asked from everywhere in a real VS Code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SHAPES, stage } from "./stage.mjs";

const CHANGED = SHAPES.replace("return width * height", "return abs(width * height)");
const scene = stage({
  prepare(editor) {
    editor.write("shapes.py", SHAPES.replace("(width + height)", "(height + width)"));
    editor.commit("Turn a sum round");
    editor.write("shapes.py", SHAPES);
    editor.commit("Turn it back");
  },
});

async function explained(...parts) {
  const report = await scene.window.reportWith("Related history");
  const text = await report.locator("main#main").textContent();
  for (const part of parts) assert.ok(text.includes(part), `${part} in: ${text}`);
  assert.ok(!text.includes("Reading the history"), text);
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

test("a revision that does not exist is an answer, not a failure of the editor", async () => {
  const { window } = scene;
  await window.command("IQuest: Explain a Change");
  await window.pick("A range …");
  await window.enter("no-such..HEAD");
  const report = await window.reportWith("That did not work");
  assert.match(await report.locator("main#main").textContent(), /no-such/);
});
