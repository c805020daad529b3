// Everything a user does with the extension, in a real VS Code with the real server; the engine is the fake one, which
// goes on as the same text went on before, so that what must appear is known.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Editor, until } from "./workbench.mjs";

const SHAPES = `"""Areas and perimeters."""


def area(width, height):
    return width * height


def perimeter(width, height):
    return 2 * (width + height)


`;

let editor;
let window;
let failed = false;

before(async () => {
  editor = await Editor.start({
    server: ["--engine", "fake"],
    files: { "shapes.py": SHAPES, "notes.md": "# Shapes\n" },
    settings: { "iquest.deadlineMs": 20_000 }, // what is tested is what happens, not how fast a shared machine is
  });
  window = await editor.open();
  await window.file("shapes.py");
  await window.statusBecomes(/Ready/);
});

beforeEach(reset);

afterEach((context) => {
  failed ||= context.error != null;
});

after(() => editor?.close(failed));

/** Puts everything back: nothing open but the file, as it was, with the cursor at its end. */
async function reset() {
  await window.page.keyboard.press("Escape");
  await window.file("shapes.py");
  await window.command("File: Revert File");
  editor.write("shapes.py", SHAPES);
  await window.command("View: Close All Editors");
  await window.file("shapes.py");
  await until("the text as it was", async () => !/def area.*def area/s.test(await window.text.textContent()));
}

test("ghost text appears, Tab accepts it, and the file on disk is right", async () => {
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.picture("ghost");
  assert.equal(editor.read("shapes.py"), SHAPES, "nothing is on disk yet");
  await window.page.keyboard.press("Tab");
  await window.save();
  await until("the file on disk", () => editor.read("shapes.py") === `${SHAPES}def area(width, height):`);
});

test("typing what is suggested keeps the rest of it", async () => {
  await window.type("def peri");
  await window.ghostBecomes("meter(width, height):");
  await window.type("meter(wid");
  await window.ghostBecomes("th, height):");
  await window.type("e");
  await until("no more of it", async () => !(await window.ghost()).startsWith("th"));
});

test("a word is accepted at a time", async () => {
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.page.keyboard.press("Control+ArrowRight");
  await window.ghostBecomes(/^, ?height\):$/);
});

test("switched off means quiet, switched on means suggestions", async () => {
  await window.command("IQuest: Switch Completions On or Off");
  await window.statusBecomes(/switched off\./);
  await window.type("def area(");
  await window.page.waitForTimeout(1500);
  assert.equal(await window.ghost(), "");
  await window.command("IQuest: Switch Completions On or Off");
  await window.statusBecomes(/Ready/);
  await reset();
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
});

test("a setting that changes counts at once, and so does taking it back", async () => {
  // One that the server acts on: a file that may not enter the window is not completed either.
  editor.write(".vscode/settings.json", JSON.stringify({ "iquest.exclude": ["/shapes.py"] }));
  await until("silence", async () => {
    await reset();
    await window.type("def area(");
    await window.page.waitForTimeout(3000);
    return (await window.ghost()) === "";
  });
  await reset();
  editor.write(".vscode/settings.json", JSON.stringify({ "iquest.disabledLanguages": ["python"] }));
  await window.statusBecomes(/switched off for python/);
  editor.write(".vscode/settings.json", "{}");
  await window.statusBecomes(/Ready/);
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
});

test("a real change is explained, and its commits are links", async () => {
  editor.write("shapes.py", SHAPES.replace("return width * height", "return abs(width * height)"));
  await window.command("IQuest: Explain a Change");
  await window.pick("The working tree");
  const report = await window.reportWith("What the working tree");
  const text = await report.locator("main#main").textContent();
  for (const part of ["shapes.py", "area", "Compute areas"]) assert.ok(text.includes(part), `${part} in: ${text}`);
  await window.picture("explain");
  await report.locator("main#main a", { hasText: /^[0-9a-f]{10}$/ }).first().click();
  await window.page.locator(".tab.active", { hasText: "Compute areas" }).waitFor();
  await window.picture("commit");
  await window.command("View: Close All Editors");
});

test("a line tells why it is so", async () => {
  await window.line(5);
  await window.command("IQuest: Why Is This Line So?");
  const report = await window.reportWith("Why shapes.py:5");
  assert.match(await report.locator("main#main").textContent(), /Compute areas/);
  await window.picture("why");
});

test("the context view shows what is sent, and a file can be kept out", async () => {
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.command("IQuest: Show the Context");
  const rows = window.page.locator(".pane-body .monaco-list-row");
  await rows.filter({ hasText: "This file" }).first().waitFor();
  await rows.filter({ hasText: /of [\d,]+ tokens/ }).first().waitFor();
  await window.picture("context");
  await window.command("View: Show Explorer");
});

test("statistics are shown", async () => {
  await window.command("IQuest: Show Statistics");
  const report = await window.reportWith("suggestions offered");
  const [accepted] = /accepted whole\s*(\d+)/.exec(await report.locator("main#main").textContent())?.slice(1) ?? [];
  assert.equal(accepted, "1");
});

test("the engine is killed: the status says so, and completions come again", async () => {
  const [engine] = editor.processes("iquest_lsp.runtime.child");
  assert.ok(engine, "an engine runs");
  process.kill(engine, "SIGKILL");
  await window.statusBecomes(/signal 9|being loaded|not loaded/);
  await window.statusBecomes(/Ready/);
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  assert.notDeepEqual(editor.processes("iquest_lsp.runtime.child"), [engine]);
});

test("the server is killed: it is started again after a pause", async () => {
  for (const pid of editor.processes("iquest_lsp.cli")) process.kill(pid, "SIGKILL");
  await window.statusBecomes(/started again|starting|not loaded|being loaded/);
  await window.statusBecomes(/Ready/);
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
});

test("two windows complete at the same time, with one engine", async () => {
  const second = await editor.open();
  await second.file("shapes.py");
  await second.statusBecomes(/Ready/);
  await second.type("def peri");
  await second.ghostBecomes("meter(width, height):");
  assert.equal(editor.processes("iquest_lsp.runtime.child").length, 1);
  await second.page.close();
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
});
