// The context view, the model picker, the walkthrough and the status item's menu, in a real VS Code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./look.mjs";
import { SHAPES, stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

const HELPERS = "def double(width):\n    return 2 * width\n";
const BROKEN = '{"width": 1 "height": 2}\n';
const scene = stage({ files: { "shapes.py": SHAPES, "helpers.py": HELPERS, "sizes.json": BROKEN, "notes.md": "# Shapes\n" } });

test("the context view shows what is sent; a click opens a piece; a file can be kept out", async () => {
  const { editor, window } = scene;
  await window.file("helpers.py");
  await window.file("shapes.py");
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.command("IQuest: Show the Context");
  const rows = window.page.locator(".pane-body .monaco-list-row");
  await rows.filter({ hasText: "This file" }).first().waitFor();
  await rows.filter({ hasText: /of [\d,]+ tokens/ }).first().waitFor();
  await rows.filter({ hasText: /\d · (cached|to read)/ }).first().waitFor();
  const piece = rows.filter({ hasText: "helpers.py" }).first();
  await piece.click();
  await window.page.locator('.tab.active[data-resource-name="helpers.py"]').waitFor();
  await window.file("shapes.py");
  await window.command("IQuest: Show the Context");
  await window.menu(piece, "Keep This File Out of the Context");
  await until("the setting", () => /"\/helpers.py"/.test(editor.readIf(".vscode/settings.json")));
  await rows.filter({ hasText: "Left out" }).first().waitFor();
  await until("the file left out", async () => (await rows.filter({ hasText: /helpers.py.*\d/ }).count()) === 0);
  await window.command("View: Show Explorer");
});

test("what another server complains of near the cursor enters the window in a pause", async () => {
  const { window } = scene;
  await window.file("sizes.json");
  await window.page.locator(".squiggly-error").first().waitFor({ state: "attached" }); // VS Code's own server for JSON said so
  await window.type(" ");
  const rows = window.page.locator(".pane-body .monaco-list-row");
  await until("the complaint in the window", async () => {
    await window.command("IQuest: Show the Context");
    const shown = await rows.filter({ hasText: "Diagnostics" }).first().waitFor({ timeout: 3000 }).then(() => true, () => false);
    if (shown) return true;
    await window.end();
    await window.type(" "); // asked again: the other server may have been late
    return false;
  });
  await rows.filter({ hasText: /Diagnostics\d+ tokens/ }).first().waitFor(); // the piece itself, with its size
  await window.command("File: Revert File");
  await window.command("View: Show Explorer");
});

test("the model picker gives the planner's verdict on each model", async () => {
  const { window } = scene;
  await window.command("IQuest: Choose a Model");
  const rows = window.page.locator(".quick-input-list .monaco-list-row");
  await rows.filter({ hasText: "A GGUF file" }).first().waitFor();
  assert.match(await rows.first().textContent(), /window of [\d,]+ tokens/);
  await window.page.keyboard.press("Escape");
});

test("the walkthrough leads through the first steps", async () => {
  const { window } = scene;
  await window.command("IQuest: Open the Walkthrough");
  for (const step of ["Set up the language server", "Take a suggestion", "Explain this diff", "See what the model sees"]) {
    await window.page.locator(".getting-started-step", { hasText: step }).first().waitFor();
  }
  const done = window.page.locator(".getting-started-step:has(.codicon-getting-started-step-checked)");
  await done.filter({ hasText: "Set up the language server" }).first().waitFor(); // it runs
  await look(window, "walkthrough");
  await window.closeEditors();
});

test("the status item leads to why nothing was suggested", async () => {
  const { window } = scene;
  await window.line(8);
  await window.isAt(8);
  await window.page.keyboard.press("Home");
  for (let step = 0; step < 6; step++) await window.page.keyboard.press("ArrowRight");
  await window.type("x"); // def pexrimeter
  await until("the answer, which is none", async () => {
    await window.status.click();
    const row = window.page.locator(".quick-input-list .monaco-list-row", { hasText: "Why was nothing suggested here?" }).first();
    const there = await row.waitFor({ timeout: 3000 }).then(() => true, () => false);
    if (there) {
      await row.click();
      return true;
    }
    await window.page.keyboard.press("Escape"); // the server has not answered, and the menu may have withdrawn the question
    await window.page.keyboard.press("Backspace");
    await window.type("x");
    await window.page.waitForTimeout(1000);
    return false;
  });
  await window.page.locator(".notification-toast", { hasText: "The cursor stands inside a word." }).first().waitFor();
  await look(window, "why-nothing");
  await window.command("Notifications: Clear All Notifications");
});

test("a question without a model that answers leads to one, on the page that has the answer else", async () => {
  const { window } = scene;
  await window.command("IQuest: Ask About This Code");
  await window.enter("How do area and perimeter differ?");
  const report = await window.reportWith("No model that follows instructions is set");
  assert.match(await report.locator("main#main").textContent(), /is told without a model/);
  await look(window, "no-model-answers");
  await report.locator("main#main a", { hasText: "Choose a model that answers" }).click();
  await window.page.locator(".quick-input-list .monaco-list-row", { hasText: "A GGUF file" }).first().waitFor();
  await window.page.keyboard.press("Escape");
  await window.closeEditors();
});

test("the status item explains itself, and its menu leads on", async () => {
  const { window } = scene;
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.status.click();
  assert.equal(await window.input.getAttribute("placeholder"), "Ready.");
  const rows = window.page.locator(".quick-input-list .monaco-list-row");
  for (const [action, figure] of [["Show the context", /Window: [\d,]+ tokens/], ["Show statistics", /Last answer: \d+ ms/], ["Choose a model", /Model: fake/]]) {
    await rows.filter({ hasText: action }).filter({ hasText: figure }).first().waitFor();
  }
  await window.pick("Show statistics");
  await window.reportWith("suggestions offered");
  await look(window, "statistics");
});
