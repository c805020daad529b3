// The status item in each of its states, which the real server and its end bring about: told apart by its sign and words,
// read in every theme, and on the screen at 100 and 200%.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { contrast, sheet, SIZES, views } from "./look.mjs";
import { stage } from "./stage.mjs";
import { PYTHON } from "./workbench.mjs";

const fake = (options) => ({ "iquest.server.environment": { IQUEST_LSP_FAKE: JSON.stringify(options) } });
const starts = (...command) => ({ "iquest.server.command": command });
const bare = `${process.env.PATH}`.split(path.delimiter).filter((folder) => !fs.existsSync(path.join(folder, "iquest-lsp"))).join(path.delimiter);
const scene = stage({ environment: { PATH: bare } });
const ours = starts(PYTHON, "-P", "-m", "iquest_lsp.cli", "--engine", "fake");
const runs = (title) => () => scene.window.command(title);
const settings = (changes) => () => scene.editor.writeMachine(changes);

async function sleeps() {
  await scene.window.command("IQuest: Let Suggestions Sleep");
  await scene.window.page.locator(".quick-input-list .monaco-list-row").first().waitFor();
  await scene.window.page.keyboard.press("Enter");
}

/** Each by its name, with what it says, what brings it about, and what takes it away where the next one does not. */
const STATES = [
  ["ready", /Ready/],
  ["off", /switched off\./, runs("IQuest: Switch Completions On or Off"), runs("IQuest: Switch Completions On or Off")],
  ["off for a language", /switched off for python/, runs("IQuest: Switch Completions On or Off for This Language"), runs("IQuest: Switch Completions On or Off for This Language")],
  ["asleep", /sleep until/, sleeps, runs("IQuest: Wake the Suggestions")],
  ["loading", /being loaded: 0%/, settings({ ...ours, ...fake({ load_ms: 3_600_000 }) })],
  ["no model", /cannot be read/, settings({ ...ours, ...fake({ load_error: { what: "The model's file cannot be read" } }) })],
  ["starting again", /is started again in/, settings(starts("/bin/false"))],
  ["no server", /cannot be started/, settings(starts("/nowhere/iquest-lsp"))],
  ["not installed", /not installed yet/, settings({ "iquest.server.command": undefined })],
  ["starting", /is starting/, settings(starts("/bin/sh", "-c", "sleep 3600"))],
];

test("each state has a sign and words of its own, and is read whatever the theme and the size", async () => {
  const { editor, window } = scene;
  const item = window.status;
  const texts = new Map();
  const rows = [];
  for (const [name, says, begin, end] of STATES) {
    await begin?.();
    await window.statusBecomes(says);
    const text = (await item.textContent()).trim();
    const sign = await item.locator(".codicon").first().getAttribute("class");
    assert.match(text, /IQuest/);
    assert.match(sign, /codicon-\w/);
    assert.ok(!texts.has(text), `${name} says what ${texts.get(text)} says: ${text}`);
    texts.set(text, name);
    const row = [];
    for await (const { theme, size } of views(window)) {
      const box = await told(window, SIZES[size]);
      assert.ok(box, `${name}: nothing of ours is on the screen in ${theme} at ${size}%`);
      assert.ok((await contrast(item.locator("a").first())) >= 3, `${name}: hardly read in ${theme}`);
      row.push({ title: `${name}, ${theme}, ${size}%`, png: await window.page.screenshot({ clip: box }), width: (box.width * size) / 100 });
    }
    rows.push(row);
    await end?.();
    if (end !== undefined) await window.statusBecomes(/Ready/);
  }
  await sheet(editor, "status", rows);
});

/** Where our item is told; in a bar that has no place left for it, the progress beside it tells as much. */
async function told(window, { width, height }) {
  for (const item of [window.status, window.page.locator(".statusbar-item", { hasText: "IQuest" }).first()]) {
    const box = await item.boundingBox();
    if (box !== null && box.x >= 0 && box.x + box.width <= width && box.y + box.height <= height) return box;
  }
  return undefined;
}
