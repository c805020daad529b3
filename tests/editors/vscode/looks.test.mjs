// How it looks: pages and states in light, dark and high contrast, at 100 and 200%, for who sees no colours, has no
// mouse, or hears the page read. The pictures lie in tests/artifacts/editors, to be looked at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SHAPES, stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

const THEMES = { light: "Default Light Modern", dark: "Default Dark Modern", contrast: "Default High Contrast" };
const SIZES = { 100: { width: 1280, height: 800 }, 200: { width: 640, height: 400 } };
const scene = stage({
  settings: { "iquest.deadlineMs": 300_000, "iquest.editor.newLines": true, "iquest.editor.lineEnd": true, "git.blame.statusBarItem.enabled": false },
  files: { "shapes.py": SHAPES, "rooms.py": "from shapes import area\n\n\ndef room():\n    return area(2, 3)\n", "notes.md": "# Shapes\n" },
});

/** Takes a picture in every theme, and in both sizes. */
async function look(name, sizes = Object.keys(SIZES)) {
  const { editor, window } = scene;
  for (const [theme, title] of Object.entries(THEMES)) {
    editor.write(".vscode/settings.json", JSON.stringify({ "workbench.colorTheme": title }));
    const kind = theme === "contrast" ? "hc-black" : theme === "light" ? "vs" : "vs-dark";
    await window.page.locator(`.monaco-workbench.${kind}`).first().waitFor();
    for (const size of sizes) {
      await window.page.setViewportSize(SIZES[size]);
      await window.page.waitForTimeout(1200);
      await window.picture(`${name}-${theme}-${size}`);
    }
    await window.page.setViewportSize(SIZES[100]);
  }
}

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
  const signs = await report.locator("h2").allTextContents();
  assert.ok(["Files", "Risks"].every((title) => signs.includes(title)), "what is a risk is said in words, not in colour");
  await look("page");
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

test("the status item, its menu, the context view and what stands beside the code", async () => {
  const { window } = scene;
  await window.line(5);
  await window.isAt(5);
  await window.type(" ");
  await window.command("IQuest: Show the Context");
  const rows = window.page.locator(".pane-body .monaco-list-row");
  await rows.filter({ hasText: "This file" }).first().waitFor();
  assert.match(`${await rows.filter({ hasText: "Project tree" }).first().getAttribute("aria-label")}`, /Project tree, .*tokens/);
  await look("context", ["100"]);
  await rows.filter({ hasText: "Project tree" }).last().click();
  await window.page.locator(".tab.active", { hasText: "Project tree" }).first().waitFor();
  assert.match(await window.text.textContent(), /shapes\.py/);
  await window.command("View: Show Explorer");
  await window.status.click();
  await window.page.locator(".quick-input-list .monaco-list-row", { hasText: "Show the log" }).first().waitFor();
  await window.picture("menu");
  await window.page.keyboard.press("Escape");
  await window.command("IQuest: Choose a Model");
  await window.page.locator(".quick-input-list .monaco-list-row", { hasText: "LoopCoder" }).first().waitFor();
  await window.picture("models");
  await window.page.keyboard.press("Escape");
  await window.command("IQuest: Switch Completions On or Off");
  await window.statusBecomes(/switched off/);
  await look("off", ["100"]);
  await window.command("IQuest: Switch Completions On or Off");
});
