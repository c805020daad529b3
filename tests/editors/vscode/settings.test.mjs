// Whose setting counts: the workspace's iquest.toml, unless the user set one in the editor.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SHAPES, stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

const scene = stage({ files: { "shapes.py": SHAPES, "iquest.toml": 'exclude = ["/shapes.py"]\n' } });

async function suggested() {
  const { window } = scene;
  await scene.reset();
  await window.type("def area(");
  await window.page.waitForTimeout(3000);
  return window.ghost();
}

test("a settings push does not override iquest.toml; what the user sets does, and taking it back leaves the file's value", async () => {
  const { editor } = scene;
  assert.equal(await suggested(), "", "the file in iquest.toml is left out");
  editor.write(".vscode/settings.json", JSON.stringify({ "iquest.maxTokens": 48 }));
  assert.equal(await suggested(), "", "after a push of another setting");
  editor.write(".vscode/settings.json", JSON.stringify({ "iquest.exclude": ["/nothing.py"] }));
  await until("a suggestion", async () => (await suggested()) !== "");
  editor.write(".vscode/settings.json", "{}");
  await until("silence", async () => (await suggested()) === "");
});
