// The model that comes with the package, in a real VS Code: what it says is its own affair, that it says something is not.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Editor, until } from "./workbench.mjs";

const SHAPE = `class Shape:
    def __init__(self, width, height):
        self.width = width
        `;

let editor;
let failed = false;

before(async () => {
  editor = await Editor.start({ server: [], files: { "shape.py": SHAPE }, settings: { "iquest.deadlineMs": 300_000 } });
});

afterEach((context) => {
  failed ||= context.error != null;
});

after(() => editor?.close(failed));

test("the embedded model suggests, and the suggestion lands on disk", async () => {
  const window = await editor.open();
  await window.file("shape.py");
  await window.statusBecomes(/Ready/);
  await window.type("self.height =");
  const suggested = await window.ghostBecomes(/\S/);
  await window.picture("embedded-model");
  await window.page.keyboard.press("Tab");
  await window.save();
  const [first] = suggested.split("\n");
  await until("the file on disk", () => editor.read("shape.py").startsWith(`${SHAPE}self.height =${first.trimEnd()}`));
  assert.ok(editor.read("shape.py").length > SHAPE.length);
});

test("asked a question, it says that it cannot, and what could", async () => {
  const [window] = editor.windows;
  await window.command("IQuest: Ask About This Code");
  await window.enter("Why is there a height?");
  const report = await window.reportWith("only continues code");
  assert.match(await report.locator("main#main").textContent(), /instruct/i);
});
