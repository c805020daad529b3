// The extension in Chinese, in a real VS Code that has no language pack: what is ours speaks Chinese, and is seen whole.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { assertWhole, look } from "./look.mjs";
import { PATIENT, SHAPES } from "./stage.mjs";
import { Editor, ROOT, until } from "./workbench.mjs";

const texts = JSON.parse(fs.readFileSync(path.join(ROOT, "vscode-extension/package.nls.zh-cn.json"), "utf8"));
const words = JSON.parse(fs.readFileSync(path.join(ROOT, "vscode-extension/l10n/bundle.l10n.zh-cn.json"), "utf8"));
const title = (name) => `IQuest: ${texts[`command.${name}`]}`;
const USE = "from shapes import area\n\n\ndef room():\n    return area(2, 3)\n";
let editor;
let window;
let failed = false;

before(async () => {
  editor = await Editor.start({ server: ["--engine", "fake"], settings: PATIENT, files: { "shapes.py": SHAPES, "rooms.py": USE } });
  execFileSync("git", ["-C", editor.folder, "-c", "user.name=安", "-c", "user.email=an@example.org", "commit", "-q", "--amend", "-m", "计算面积", "--reset-author"]);
  window = await editor.open(undefined, { language: "zh-cn" });
  await window.file("shapes.py");
  await window.statusBecomes(new RegExp(words["Ready."]));
});

afterEach(async (context) => {
  if (context.error == null) return;
  failed = true;
  await window?.picture(`failed ${context.name.slice(0, 40)}`);
});

after(() => editor?.close(failed));

test("the menu behind the status item, with its figures", async () => {
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
  await window.status.click();
  const rows = window.page.locator(".quick-input-list .monaco-list-row");
  await rows.filter({ hasText: words["Show the log"] }).first().waitFor();
  await assertWhole(rows);
  await look(window, "chinese-menu");
  await window.page.keyboard.press("Escape");
  await window.command(title("pickModel"));
  await rows.filter({ hasText: "LoopCoder" }).first().waitFor();
  await assertWhole(rows);
  await look(window, "chinese-models");
  await window.page.keyboard.press("Escape");
  await window.command(title("showContext"));
  const pieces = window.page.locator(".pane-body .monaco-list-row");
  await pieces.filter({ hasText: words["This file"] }).first().waitFor();
  await assertWhole(pieces);
  await look(window, "chinese-context");
  await window.command("View: Show Explorer");
  await window.command("File: Revert File");
});

test("the page of a change says it in Chinese around what the server found", async () => {
  editor.write("shapes.py", SHAPES.replace("def area(width, height):", "def area(width, height, depth):"));
  await window.command(title("explainDiff"));
  await window.pick(words["The working tree"]);
  const report = await window.reportWith("计算面积");
  await until("the whole of it", async () => !(await report.locator("main#main").textContent()).includes(words["Reading the history …"]));
  assert.equal(await report.locator("html").getAttribute("lang"), "zh-cn");
  assert.deepEqual((await report.locator("h2").allTextContents()).filter((one) => !/[\u4e00-\u9fff]/.test(one)), [], "headings that are not Chinese");
  await look(window, "chinese-page");
  await window.closeEditors();
});

test("the walkthrough", async () => {
  await window.command(title("walkthrough"));
  await window.page.locator(".getting-started-step", { hasText: texts["walkthrough.server.title"] }).first().waitFor();
  await look(window, "chinese-walkthrough");
  await window.closeEditors();
});
