// Suggestions while one types, in a real VS Code with the real server on the fake engine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SHAPES, stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

const scene = stage();

test("ghost text appears, Tab accepts it, and the file on disk is right", async () => {
  const { editor, window } = scene;
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  assert.equal(editor.read("shapes.py"), SHAPES, "nothing is on disk yet");
  await window.page.keyboard.press("Tab");
  await window.save();
  await until("the file on disk", () => editor.read("shapes.py") === `${SHAPES}def area(width, height):`);
});

test("typing what is suggested keeps the rest of it", async () => {
  const { window } = scene;
  await window.type("def peri");
  await window.ghostBecomes("meter(width, height):");
  await window.type("meter(wid");
  await window.ghostBecomes("th, height):");
  await window.type("e");
  await until("no more of it", async () => !(await window.ghost()).startsWith("th"));
});

test("a word is accepted at a time", async () => {
  const { window } = scene;
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.page.keyboard.press("Control+ArrowRight");
  await window.ghostBecomes(/^, ?height\):$/);
});

test("a key asks for several lines, a line of them is accepted at a time, the rest stays", async () => {
  const { editor, window } = scene;
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.page.keyboard.press("Escape");
  await window.ghostBecomes("");
  await window.page.keyboard.press("Alt+\\");
  await window.ghostBecomes("width, height):\n    return width * height");
  await window.page.keyboard.press("Control+Alt+ArrowRight");
  await window.ghostBecomes(/^\s*return width \* height$/);
  await window.save();
  await until("the line on disk", () => editor.read("shapes.py").trimEnd() === `${SHAPES}def area(width, height):`);
});

test("next and previous lead through the suggestions", async () => {
  const { window } = scene;
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.page.keyboard.press("Alt+]");
  await window.ghostBecomes(/return width \* height/);
  await window.page.keyboard.press("Alt+[");
  await window.ghostBecomes("width, height):");
});

test("switched off means quiet, switched on means suggestions", async () => {
  const { window } = scene;
  await window.command("IQuest: Switch Completions On or Off");
  await window.statusBecomes(/switched off\./);
  await window.type("def area(");
  await window.page.waitForTimeout(1500);
  assert.equal(await window.ghost(), "");
  await window.command("IQuest: Switch Completions On or Off");
  await window.statusBecomes(/Ready/);
  await scene.reset();
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
});

test("one language is switched off and on", async () => {
  const { window } = scene;
  await window.command("IQuest: Switch Completions On or Off for This Language");
  await window.statusBecomes(/switched off for python/);
  await window.type("def area(");
  await window.page.waitForTimeout(1500);
  assert.equal(await window.ghost(), "");
  await scene.reset();
  await window.command("IQuest: Switch Completions On or Off for This Language");
  await window.statusBecomes(/Ready/);
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
});

test("a setting that changes counts at once, and so does taking it back", async () => {
  const { editor, window } = scene;
  // One that the server acts on: a file that may not enter the window is not completed either.
  editor.write(".vscode/settings.json", JSON.stringify({ "iquest.exclude": ["/shapes.py"] }));
  await until("silence", async () => {
    await scene.reset();
    await window.type("def area(");
    await window.page.waitForTimeout(3000);
    return (await window.ghost()) === "";
  });
  await scene.reset();
  editor.write(".vscode/settings.json", JSON.stringify({ "iquest.disabledLanguages": ["python"] }));
  await window.statusBecomes(/switched off for python/);
  editor.write(".vscode/settings.json", "{}");
  await window.statusBecomes(/Ready/);
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
});

test("statistics are shown", async () => {
  const { window } = scene;
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.page.keyboard.press("Tab");
  await window.command("IQuest: Show Statistics");
  const report = await window.reportWith("suggestions offered");
  const text = await report.locator("main#main").textContent();
  const [accepted] = /accepted whole\s*(\d+)/.exec(text)?.slice(1) ?? [];
  assert.equal(accepted, "2", text); // this one, and that of the first test
  assert.match(text, /95% within\s*\d+ ms/);
});

test("suggestions sleep and wake; asked by key they come all the same", async () => {
  const { window } = scene;
  await window.command("IQuest: Let Suggestions Sleep…");
  await window.pick("15 minutes");
  await window.statusBecomes(/sleep until/);
  await window.type("def area(");
  await window.page.waitForTimeout(1500);
  assert.equal(await window.ghost(), "");
  await window.page.keyboard.press("Alt+\\");
  await window.ghostBecomes(/width, height\):/);
  await window.command("IQuest: Wake the Suggestions");
  await window.statusBecomes(/Ready/);
  await scene.reset();
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
});

test("why nothing was suggested is told, with the way to settings and log", async () => {
  const { window } = scene;
  await window.line(8);
  await window.isAt(8);
  await window.page.keyboard.press("Home");
  for (let step = 0; step < 6; step++) await window.page.keyboard.press("ArrowRight");
  await window.type("x"); // def pexrimeter
  await window.page.waitForTimeout(1500);
  assert.equal(await window.ghost(), "");
  await window.command("IQuest: Why Was Nothing Suggested Here?");
  const toast = window.page.locator(".notification-toast", { hasText: "The cursor stands inside a word." }).first();
  await toast.waitFor();
  for (const button of ["Suggest here", "Settings", "Show the log"]) await toast.locator(".monaco-button", { hasText: button }).first().waitFor();
  await window.command("Notifications: Clear All Notifications");
});
