// Takes the pictures of the READMEs: this repository, in a real VS Code, with the real server and the embedded model.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { Editor, ROOT, until } from "./workbench.mjs";

const PICTURES = path.join(ROOT, "vscode-extension/media/pictures");
const FILE = "iquest_lsp/daemon/lock.py";
/** Beginnings of lines that are typed at a line's end, one after the other until the model goes on with one of them. */
const PLACES = [
  [FILE, "        descriptor = _open(path)", "        if descriptor is "],
  [FILE, "    end = time.monotonic() + patience_s", "    begin = time."],
  ["iquest_lsp/runtime/kv/prefix_cache.py", "        held = self._held.get(sequence)", "        if held is "],
  ["iquest_lsp/errors.py", "        self.fix = fix", "        self.what = "],
];

const editor = await Editor.start({
  server: [],
  files: {},
  git: false,
  settings: { "iquest.deadlineMs": 30_000, "git.blame.statusBarItem.enabled": false, "window.title": "IQuest LSP" },
  folder: "work/iquest-lsp",
  prepare(home) {
    const clone = path.join(home, "work/iquest-lsp");
    execFileSync("git", ["clone", "-q", ROOT, clone]);
    execFileSync("git", ["-C", clone, "checkout", "-q", "-B", "main"]);
  },
});
try {
  const window = await editor.open();
  await window.openFile(FILE);
  await window.statusBecomes(/Ready/);
  await ghost(window);
  await take(window, "ghost");
  await window.command("IQuest: Show the Context");
  await window.page.locator(".pane-body .monaco-list-row", { hasText: "This file" }).first().waitFor();
  await take(window, "context");
  await window.command("File: Revert File");
  await window.command("View: Close All Editors");
  await window.command("View: Show Explorer");
  await explanation(window);
  await take(window, "explain");
  execFileSync("git", ["-C", editor.folder, "checkout", "-q", FILE]);
  await asked(window, "IQuest: What Else Must Change With This?", "What else changes with");
  await take(window, "impact");
  await asked(window, "IQuest: Why Is This Line So?", `Why ${FILE}`);
  await take(window, "why");
} finally {
  await editor.close(false);
}

/** Types until there is ghost text. */
async function ghost(window) {
  for (const [file, line, beginning] of PLACES) {
    await window.openFile(file);
    const number = editor.read(file).split("\n").indexOf(line) + 1;
    if (number === 0) throw new Error(`${file} has no line ${line}`);
    await window.line(number);
    await window.isAt(number);
    await window.page.keyboard.press("End");
    await until("new line", async () => {
      await window.page.keyboard.press("Enter"); // a window that has just lost its quick input may not take it
      return window.isAt(number + 1, 2000).then(() => true, () => false);
    });
    await window.type(beginning);
    let shown = await window.ghostBecomes(/\w{3}/, 30_000).catch(() => "");
    if (shown === "") {
      await window.page.keyboard.press("Alt+\\"); // asked for by a key, a suggestion may be less sure
      shown = await window.ghostBecomes(/\w{3}/, 30_000).catch(() => "");
    }
    console.log(`${file}:${number + 1} ${beginning}${shown || " (nothing)"}`);
    if (shown !== "") return;
    await window.command("File: Revert File");
  }
  throw new Error("the model goes on with none of the lines");
}

/** A change of a function's parameters, explained. */
async function explanation(window) {
  const text = editor.read(FILE);
  const changed = text
    .replace("give_up: Callable[[], bool])", "give_up: Callable[[], bool], retry_s: float = RETRY_S)")
    .replace("time.sleep(RETRY_S)", "time.sleep(retry_s)");
  if (changed === text) throw new Error(`${FILE} is not as expected`);
  editor.write(FILE, changed);
  await window.openFile(FILE);
  await window.command("IQuest: Explain a Change");
  await window.pick("The working tree");
  const report = await window.reportWith("Related history");
  await until("the whole of it", async () => !(await report.locator("main#main").textContent()).includes("Reading the history"));
}

/** A question of the palette about the function, answered whole. */
async function asked(window, title, heading) {
  await window.openFile(FILE);
  await window.line(editor.read(FILE).split("\n").findIndex((line) => line.startsWith("def acquire(")) + 1);
  await window.command(title);
  const report = await window.reportWith(heading);
  await until("the whole of it", async () => !(await report.locator("main#main").textContent()).includes("Reading the history"));
}

async function take(window, name) {
  await window.page.mouse.move(640, 700);
  await window.page.waitForTimeout(1500); // animations
  fs.mkdirSync(PICTURES, { recursive: true });
  await window.page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
  console.log(`${name}.png`);
}
