// What the history says where one looks: behind the line, in the hover, in the gutter. It agrees with git blame.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { look } from "./look.mjs";
import { SHAPES, stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

const scene = stage({
  settings: { "iquest.deadlineMs": 300_000, "iquest.hover": true, "editor.hover.delay": 100, "git.blame.statusBarItem.enabled": false },
  prepare(editor) {
    execFileSync("git", ["-C", editor.folder, "tag", "v1.0"]);
    editor.write("shapes.py", SHAPES.replace("return width * height", "return abs(width * height)"));
    editor.commit("Areas are positive, since nobody owes floor");
  },
});
const NOW = SHAPES.replace("return width * height", "return abs(width * height)");

/** What `git blame` says of a line (from 1), as the annotation has it. */
function blamed(line) {
  const told = execFileSync("git", ["-C", scene.editor.folder, "blame", "--porcelain", `-L${line},${line}`, "shapes.py"], { encoding: "utf8" });
  const [, author] = /^author (.*)$/m.exec(told);
  const [, subject] = /^summary (.*)$/m.exec(told);
  return { author, subject };
}

async function annotation() {
  const parts = await scene.window.page.locator('.editor-instance .view-line [class*="ced-"][class*="TextEditorDecorationType"]').evaluateAll((all) =>
    all.map((one) => getComputedStyle(one, "::after").content.replace(/^"|"$/g, "")),
  );
  return parts.filter((part) => part !== "none" && part !== "normal").join("");
}

test("behind the line stand the day, the author and the subject that git blame names; off by default", async () => {
  const { window } = scene;
  await window.rewrite("shapes.py", NOW, "abs(width * height)");
  await window.line(5);
  await window.isAt(5);
  await window.page.waitForTimeout(1000);
  assert.equal(await annotation(), "");
  await window.command("IQuest: Switch the Origin Behind the Line On or Off");
  for (const line of [5, 9]) {
    await window.line(line);
    await window.isAt(line);
    const { author, subject } = blamed(line);
    let shown = "";
    await until(`the annotation of line ${line}`, async () => (shown = await annotation()).includes(subject)).catch((error) => {
      throw new Error(`${error.message}; there is ${JSON.stringify(shown)}`);
    });
    assert.match(shown, new RegExp(`^\\d{4}-\\d\\d-\\d\\d ${author}: ${subject}`));
  }
  await look(window, "line-end");
  await window.command("IQuest: Switch the Origin Behind the Line On or Off");
});

test("a hover tells the newest steps and leads to the page", async () => {
  const { window } = scene;
  await window.rewrite("shapes.py", NOW, "abs(width * height)");
  await window.line(5);
  await window.isAt(5);
  const shown = async () => {
    await window.command("Show or Focus Hover");
    const hover = window.page.locator(".monaco-hover:visible", { hasText: "Areas are positive" }).first();
    await hover.waitFor();
    return hover;
  };
  await (await shown()).locator("a", { hasText: "Why is this line so?" }).first().click();
  await window.reportWith("Areas are positive");
  await window.closeEditors();
  await window.file("shapes.py");
  await window.line(5);
  await window.isAt(5);
  await shown();
  await look(window, "hover", { stays: true });
});

test("lines newer than the last release are marked, and only those", async () => {
  const { window } = scene;
  await window.rewrite("shapes.py", NOW, "abs(width * height)");
  await window.command("IQuest: Switch the Marks of Unreleased Lines On or Off");
  const marks = window.page.locator('.editor-instance .glyph-margin-widgets [class*="TextEditorDecorationType"]');
  await until("one mark", async () => (await marks.count()) === 1);
  await look(window, "new-lines");
  await window.command("IQuest: Switch the Marks of Unreleased Lines On or Off");
  await until("no mark", async () => (await marks.count()) === 0);
});
