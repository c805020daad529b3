// Folders that are not trusted, workspaces of several folders, and machines without git, in a real VS Code.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { afterEach, test } from "node:test";
import { PATIENT, SHAPES } from "./stage.mjs";
import { Editor } from "./workbench.mjs";

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

test("without git there are completions, and the rest says what is missing", async () => {
  const home = fs.mkdtempSync(path.join("/tmp", "iquest-bin-"));
  try {
    for (const name of fs.readdirSync("/usr/bin").filter((name) => !name.startsWith("git"))) fs.symlinkSync(`/usr/bin/${name}`, path.join(home, name));
    editor = await Editor.start({ server: FAKE, settings: PATIENT, files, git: false, environment: { PATH: home } });
    const window = await editor.open();
    await completes(window);
    await window.command("IQuest: Explain a Change");
    await window.pick("The working tree");
    const report = await window.reportWith("That did not work");
    assert.match(await report.locator("main#main").textContent(), /git/);
    await window.statusBecomes(/Ready/);
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
});
