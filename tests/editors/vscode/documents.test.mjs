// Documents that are no files yet, notebooks, the log of the protocol and the end of a window, in a real VS Code.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

const cell = (source) => ({ cell_type: "code", execution_count: null, metadata: {}, outputs: [], source });
const NOTEBOOK = JSON.stringify({
  cells: [cell("def volume(width, height, depth):\n    return width * height * depth\n"), cell("pass")],
  metadata: { language_info: { name: "python" } },
  nbformat: 4,
  nbformat_minor: 5,
});

const scene = stage({ prepare: (editor) => editor.write("volumes.ipynb", NOTEBOOK) });
const bridges = () => scene.editor.processes("iquest_lsp.cli");

/** Everything that the extension has logged in any window of this editor. */
function logged() {
  const logs = path.join(scene.editor.data, "logs");
  const files = fs.readdirSync(logs, { recursive: true }).filter((name) => name.endsWith("IQuest LSP.log"));
  return files.map((name) => fs.readFileSync(path.join(logs, name), "utf8")).join("");
}

test("a document that was never saved gets suggestions", async () => {
  const { window } = scene;
  await window.page.keyboard.press("Control+Alt+n");
  await window.page.locator('.tab.active[data-resource-name^="Untitled"]').waitFor();
  await window.command("Change Language Mode");
  await window.enter("Python");
  await window.page.locator(".statusbar-item", { hasText: "Python" }).first().waitFor();
  await window.end();
  await window.type("def depth(metres):\nreturn metres\n\ndef dep");
  await window.ghostBecomes("th(metres):");
  await window.page.keyboard.press("Tab");
  await until("the suggestion in the text", async () => (await window.text.textContent()).replaceAll("\u00a0", " ").endsWith("def depth(metres):"));
  await window.closeEditors();
});

test("a cell of a notebook is completed from the cell above it", async () => {
  const { window } = scene;
  const row = window.page.locator(".explorer-folders-view .monaco-list-row", { hasText: "volumes.ipynb" }).first();
  await row.dblclick();
  const second = window.page.locator(".notebookOverlay .code-cell-row .monaco-editor").nth(1);
  await second.click();
  await window.page.keyboard.press("Control+A");
  await window.type("def vol");
  await window.ghostBecomes("ume(width, height, depth):");
  await window.page.keyboard.press("Tab");
  await window.save();
  await until("the cell on disk", () => JSON.parse(scene.editor.read("volumes.ipynb")).cells[1].source.includes("def volume(width, height, depth):"));
  await window.closeEditors();
});

test("the protocol is logged while a setting asks for it", async () => {
  const { editor, window } = scene;
  const asked = () => logged().split("Sending request 'textDocument/inlineCompletion").length;
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  assert.equal(asked(), 1, "nothing is traced unasked");
  editor.write(".vscode/settings.json", JSON.stringify({ "iquest.trace.server": "messages" }));
  await until("requests in the log", async () => {
    await scene.reset();
    await window.type("def area(");
    await window.ghostBecomes("width, height):");
    return asked() > 1;
  });
  editor.write(".vscode/settings.json", "{}");
});

test("a window that is loaded again ends the server of the one before", async () => {
  const { window } = scene;
  const before = bridges();
  assert.equal(before.length, 1);
  await window.page.reload();
  await until("one server, another than before", () => bridges().length === 1 && !bridges().includes(before[0]));
  await window.statusBecomes(/Ready/);
});
