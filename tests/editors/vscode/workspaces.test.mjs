// Folders that are not trusted, workspaces of several folders, and machines without git, in a real VS Code.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { afterEach, test } from "node:test";
import { PATIENT, SHAPES } from "./stage.mjs";
import { Editor, until } from "./workbench.mjs";

const FAKE = ["--engine", "fake"];
const files = { "shapes.py": SHAPES };
let editor;
let failed = false;

afterEach(async (context) => {
  failed = context.error != null;
  await editor?.close(failed);
});

async function completes(window, file = "shapes.py") {
  await window.file(file);
  await window.statusBecomes(/Ready/);
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
}

test("a folder that is not trusted is completed, and its settings start no program", async () => {
  const evil = { "iquest.server.command": ["touch", "started"], "iquest.model": "/evil.gguf" };
  editor = await Editor.start({
    server: FAKE, settings: PATIENT, trusted: false, files: { ...files, ".vscode/settings.json": JSON.stringify(evil) },
  });
  const window = await editor.open();
  await window.page.locator(".statusbar-item", { hasText: "Restricted Mode" }).waitFor();
  await completes(window);
  assert.ok(!fs.existsSync(editor.file("started")));
});

test("in a workspace of two folders each file knows its own repository", async () => {
  editor = await Editor.start({ server: FAKE, settings: PATIENT, files });
  const other = new Editor(editor.home, "other");
  other.write("circles.py", "def round(radius):\n    return 3 * radius\n");
  other.commit("Nearly round");
  const file = path.join(editor.home, "both.code-workspace");
  fs.writeFileSync(file, JSON.stringify({ folders: [{ path: "shapes" }, { path: "other" }] }));
  const window = await editor.open(file);
  await completes(window);
  await window.unfold("other");
  await window.file("circles.py");
  await window.line(1);
  await window.command("IQuest: Why Is This Line So?");
  const report = await window.reportWith("Why circles.py:1");
  assert.match(await report.locator("main#main").textContent(), /Nearly round/);
});

/** The titles of our commands that the palette offers for a text. */
async function offered(window, text) {
  await window.page.keyboard.press("F1");
  await window.input.fill(`>IQuest: ${text}`);
  await window.page.locator(".quick-input-list .monaco-list-row").first().waitFor(); // "No matching commands" is a row, too
  await window.page.waitForTimeout(500);
  const found = await window.page.locator(".quick-input-list .monaco-list-row .label-name").allTextContents();
  await window.page.keyboard.press("Escape");
  return found.filter((title) => title.startsWith(`IQuest: ${text}`));
}

const OF_HISTORY = ["Explain a Change", "Why Is This Line So?", "What Else Must Change With This?", "Which Change May Have Broken This?", "Review the Staged Changes", "Write a Commit Message"];

test("outside a repository what asks the history is not offered; within one it is, from its first commit on", async () => {
  editor = await Editor.start({ server: FAKE, settings: PATIENT, files: { ...files, "notes.md": "# Shapes\n" }, git: false });
  const window = await editor.open();
  await completes(window);
  await until("the commands of the running server", async () => (await offered(window, "Show the Context")).length > 0);
  for (const title of OF_HISTORY) assert.deepEqual(await offered(window, title), [], title);
  await window.text.locator(".view-line", { hasText: "return width" }).first().click({ button: "right" });
  await window.page.locator(".monaco-menu .action-label", { hasText: "Command Palette" }).first().waitFor();
  assert.equal(await window.page.locator(".monaco-menu .action-label", { hasText: "Why Is This Line So?" }).count(), 0);
  await window.page.keyboard.press("Escape");
  editor.commit("Compute areas");
  await window.file("notes.md");
  for (const title of OF_HISTORY) await until(title, async () => (await offered(window, title)).length > 0);
});

test("a folder's own settings hold in that folder alone, and its switch is its own", async () => {
  editor = await Editor.start({ server: FAKE, settings: PATIENT, files });
  const other = new Editor(editor.home, "other");
  other.write("circles.py", SHAPES);
  other.write(".vscode/settings.json", JSON.stringify({ "iquest.enable": false }));
  other.commit("Nearly round");
  const file = path.join(editor.home, "both.code-workspace");
  fs.writeFileSync(file, JSON.stringify({ folders: [{ path: "shapes" }, { path: "other" }] }));
  const window = await editor.open(file);
  await completes(window);
  await window.unfold("other");
  await window.file("circles.py");
  await window.statusBecomes(/switched off\./);
  await window.type("def area(");
  await window.page.waitForTimeout(1500);
  assert.equal(await window.ghost(), "");
  await window.command("IQuest: Switch Completions On or Off");
  await window.statusBecomes(/Ready/);
  await until("the setting, in its folder", () => JSON.parse(other.read(".vscode/settings.json"))["iquest.enable"] === true);
  assert.equal(editor.readIf(".vscode/settings.json"), "");
  await window.command("File: Revert File");
  await completes(window, "circles.py");
});

test("without git there are completions, and the rest says what is missing", async () => {
  const home = fs.mkdtempSync(path.join("/tmp", "iquest-bin-"));
  try {
    for (const name of fs.readdirSync("/usr/bin").filter((name) => !name.startsWith("git"))) fs.symlinkSync(`/usr/bin/${name}`, path.join(home, name));
    editor = await Editor.start({ server: FAKE, settings: PATIENT, files, environment: { PATH: home }, machine: { "iquest.server.environment": { PATH: home } } });
    const window = await editor.open();
    await completes(window);
    await window.command("IQuest: Explain a Change");
    await window.pick("The working tree");
    const report = await window.reportWith("That did not work");
    assert.match(await report.locator("main#main").textContent(), /git was not found/);
    await window.statusBecomes(/Ready/);
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
});
