// How it looks: pages and states for who sees no colours, has no mouse, hears the page read, or has it twice as large.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertWhole, look, SIZES } from "./look.mjs";
import { SHAPES, stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

const scene = stage({
  settings: { "iquest.deadlineMs": 300_000, "iquest.editor.newLines": true, "iquest.editor.lineEnd": true, "git.blame.statusBarItem.enabled": false },
  files: { "shapes.py": SHAPES, "rooms.py": "from shapes import area\n\n\ndef room():\n    return area(2, 3)\n", "notes.md": "# Shapes\n" },
});

test("the page: its parts have names, it fits, its links are reached and followed by keys alone", async () => {
  const { editor, window } = scene;
  editor.write("shapes.py", SHAPES.replace("def area(width, height):", "def area(width, height, depth):"));
  await window.command("IQuest: Explain a Change");
  await window.pick("The working tree");
  const report = await window.reportWith("Callers");
  await until("the whole of it", async () => !(await report.locator("main#main").textContent()).includes("Reading the history"));
  assert.equal(await report.locator("html").getAttribute("lang"), "en");
  assert.equal(await report.locator("main#main").getAttribute("aria-live"), "polite");
  const names = await report.locator("a, button:visible, input:visible").evaluateAll((all) => all.map((one) => one.ariaLabel || one.textContent.trim()));
  assert.ok(names.length > 3 && names.every((name) => name !== ""), JSON.stringify(names));
  const lines = await report.locator("main#main a").evaluateAll((all) => all.map((one) => getComputedStyle(one).textDecorationLine));
  assert.deepEqual([...new Set(lines)], ["underline"], "what is a link is told without its colour");
  const signs = await report.locator("h2").allTextContents();
  assert.ok(["Files", "Risks"].every((title) => signs.includes(title)), "what is a risk is said in words, not in colour");
  await look(window, "explanation");
  await window.page.setViewportSize(SIZES[200]);
  assert.ok(await report.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1), "nothing sticks out at 200%");
  await window.page.setViewportSize(SIZES[100]);
  await report.locator("main#main a", { hasText: "shapes.py" }).first().focus();
  const outline = await report.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, "none", "where the keys are is seen");
  await window.page.keyboard.press("Enter");
  await window.page.locator('.tab.active[data-resource-name="shapes.py"]').first().waitFor();
  await window.closeEditors();
});

test("the context view says each figure whole; a piece's text is opened", async () => {
  const { window } = scene;
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await look(window, "ghost-text");
  await window.command("IQuest: Show the Context");
  const rows = window.page.locator(".pane-body .monaco-list-row");
  await rows.filter({ hasText: /\d · (cached|to read)/ }).first().waitFor();
  assert.match(`${await rows.filter({ hasText: "Project tree" }).first().getAttribute("aria-label")}`, /Project tree, .*tokens/);
  await assertWhole(rows);
  await look(window, "context");
  await rows.filter({ hasText: "Project tree" }).last().click();
  await window.page.locator(".tab.active", { hasText: "Project tree" }).first().waitFor();
  assert.match(await window.text.textContent(), /shapes\.py/);
  await rows.filter({ hasText: "This file" }).first().waitFor(); // the window that it is of stays
  await look(window, "piece");
  await window.command("View: Show Explorer");
});

test("the menu behind the status item, and the models: each line is whole", async () => {
  const { window } = scene;
  const rows = window.page.locator(".quick-input-list .monaco-list-row");
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.status.click();
  await rows.filter({ hasText: "Window:" }).first().waitFor();
  await assertWhole(rows);
  await look(window, "menu");
  await window.page.keyboard.press("Escape");
  await window.command("IQuest: Choose a Model");
  await rows.filter({ hasText: "LoopCoder" }).first().waitFor();
  await assertWhole(rows);
  await look(window, "models");
  await window.page.keyboard.press("Escape");
});
