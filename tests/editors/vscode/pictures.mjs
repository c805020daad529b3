// Takes the pictures of the documentation, in a real VS Code with the real server and the embedded model: of this repository
// and of the documentation's shop. Those that the extension's own README shows go into the extension. With names as
// arguments only those are kept.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { INSTRUCT, SHAPES } from "./stage.mjs";
import { Editor, PYTHON, ROOT, until } from "./workbench.mjs";

const PICTURES = path.join(ROOT, "docs/pictures");
const OF_THE_EXTENSION = path.join(ROOT, "vscode-extension/media/pictures");
const SHOWN_THERE = ["ghost", "context", "explain", "impact", "why"];
const SIZE = { width: 1100, height: 700 };
/** Where the lower part shows nothing. */
const HEIGHTS = { ask: 408, "commit-message": 520, edit: 408, lines: 408, suspects: 408 };
const [, , ...wanted] = process.argv;
const FILE = "iquest_lsp/daemon/lock.py";
/** Beginnings of lines that are typed at a line's end, one after the other until the model goes on with one of them. */
const PLACES = [
  [FILE, "        descriptor = _open(path)", "        if descriptor is "],
  [FILE, "    end = time.monotonic() + patience_s", "    begin = time."],
  ["iquest_lsp/runtime/kv/prefix_cache.py", "        held = self._held.get(sequence)", "        if held is "],
  ["iquest_lsp/errors.py", "        self.fix = fix", "        self.what = "],
];

/** The shop of the documentation: its history has reasons, an author and releases. */
const PRICES = "shop/prices.py";
const BASKET = "shop/basket.py";
const CHINESE = JSON.parse(fs.readFileSync(path.join(ROOT, "vscode-extension/package.nls.zh-cn.json"), "utf8"));

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
    execFileSync(PYTHON, ["-m", "tests.docs.shop", path.join(home, "work/shop")], { cwd: ROOT });
  },
});
const shop = path.join(editor.home, "work/shop");
try {
  const repository = await editor.open();
  await repository.page.setViewportSize(SIZE);
  await repository.openFile(FILE);
  await repository.statusBecomes(/Ready/);
  await ghost(repository);
  await take(repository, "ghost");
  await repository.command("File: Revert File");
  await repository.page.close();
  editor.windows.shift();

  const window = await editor.open(shop);
  const { page } = window;
  await page.setViewportSize(SIZE);
  await window.openFile(BASKET);
  await window.statusBecomes(/Ready/);
  await window.end();
  await window.type("i");
  for (const key of ["t", "Backspace"]) {
    await page.keyboard.press("Alt+\\"); // the text that is sent is known once something was asked, what is cached with the next
    await page.waitForTimeout(4000);
    await page.keyboard.press(key);
  }
  await page.waitForTimeout(2000);
  await window.command("IQuest: Show the Context");
  const rows = page.locator(".pane-body .monaco-list-row");
  await rows.filter({ hasText: "This file" }).first().waitFor();
  await take(window, "context");
  await window.command("View: Close Primary Side Bar");
  await window.status.click();
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "Show the log" }).first().waitFor();
  await take(window, "menu");
  await page.keyboard.press("Escape");
  await window.command("IQuest: Choose a Model");
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "A GGUF file" }).first().waitFor();
  await take(window, "models");
  await page.keyboard.press("Escape");
  await window.closeEditors();

  await window.openFile(PRICES);
  await window.command("IQuest: Explain a Change");
  await window.pick("The working tree");
  await whole(await window.reportWith("Related history"));
  await take(window, "explain");
  await window.closeEditors();
  execFileSync("git", ["-C", shop, "add", PRICES]);
  await window.openFile(PRICES);
  await window.command("IQuest: Review the Staged Changes");
  await page.locator(".review-widget", { hasText: "callers" }).first().waitFor();
  await take(window, "review");
  await window.command("IQuest: Clear the Review");
  await page.keyboard.press("Control+J"); // the panel with the comments goes
  await window.closeEditors();
  await page.keyboard.press("Control+Shift+G");
  await page.locator(".scm-view .monaco-list-row", { hasText: "prices.py" }).first().waitFor();
  await window.button(".part.sidebar", "Write a Commit Message");
  const box = page.locator(".scm-view .scm-input .view-lines").first();
  await until("a message in the box", async () => /total/.test(await box.textContent()));
  await take(window, "commit-message");
  await window.command("View: Close Primary Side Bar");
  execFileSync("git", ["-C", shop, "reset", "-q"]);
  execFileSync("git", ["-C", shop, "checkout", "-q", PRICES]);
  await window.closeEditors(); // the page goes too, and with it the way back to a change that is not there any more
  await asked(window, "IQuest: What Else Must Change With This?", "What else changes with", "def total(");
  await take(window, "impact");
  await window.closeEditors();
  await asked(window, "IQuest: Which Change May Have Broken This?", "Which change may have broken", "    return round(");
  await take(window, "suspects");
  await window.closeEditors();
  await asked(window, "IQuest: Why Is This Line So?", `Why ${PRICES}`, "    return round(");
  await take(window, "why");
  await window.closeEditors();
  await window.openFile(PRICES);
  await window.command("IQuest: Switch the Origin Behind the Line On or Off");
  execFileSync("git", ["-C", shop, "tag", "-d", "v1.2"]); // so that the last change is not released
  await window.command("IQuest: Switch the Marks of Unreleased Lines On or Off");
  await window.line(8);
  await window.isAt(8);
  await page.waitForTimeout(3000);
  await take(window, "lines");
  await window.command("IQuest: Switch the Origin Behind the Line On or Off");
  await window.command("IQuest: Switch the Marks of Unreleased Lines On or Off");

  await page.keyboard.press("Home");
  for (let step = 0; step < 2; step++) await page.keyboard.press("ArrowRight");
  await window.type("x"); // in the middle of a name
  await until("the answer, which is none", async () => {
    await window.command("IQuest: Why Was Nothing Suggested Here?");
    const toast = page.locator(".notification-toast", { hasText: "inside a word" }).first();
    const there = await toast.waitFor({ timeout: 3000 }).then(() => true, () => false);
    if (!there) await window.command("Notifications: Clear All Notifications"); // the server has not answered yet
    return there;
  });
  await take(window, "why-nothing");
  await window.command("Notifications: Clear All Notifications");
  await window.command("File: Revert File");
  await page.close();
  editor.windows.shift();

  const chinese = await editor.open(shop, { language: "zh-cn" });
  await chinese.page.setViewportSize(SIZE);
  await chinese.openFile(PRICES);
  await chinese.statusBecomes(/就绪/);
  await chinese.command("View: Close Primary Side Bar");
  await asked(chinese, `IQuest: ${CHINESE["command.why"]}`, "Members pay 5% less", "    return round(");
  await take(chinese, "chinese");
} finally {
  await editor.close(false);
}

if (wanted.length === 0 || wanted.includes("alternatives")) await alternatives();
await scripted();

/** The bar over a suggestion: which of how many it is, and the keys that take all of it or a word. */
async function alternatives() {
  const other = await Editor.start({
    server: [], files: { "shapes.py": SHAPES }, settings: { "iquest.deadlineMs": 30_000, "window.title": "IQuest LSP" },
    machine: { "editor.inlineSuggest.showToolbar": "always" },
  });
  try {
    const window = await other.open();
    await window.page.setViewportSize(SIZE);
    await window.file("shapes.py");
    await window.statusBecomes(/Ready/);
    await window.type("def volume(");
    await window.ghostBecomes(/\w{3}/);
    const bar = window.page.locator(".inlineSuggestionsHints").first();
    for (const [key, place] of [["Alt+]", /2\/2/], ["Alt+[", /1\/2/]]) {
      await until(`the suggestion ${place}`, async () => {
        await window.page.keyboard.press(key);
        await window.page.waitForTimeout(3000);
        return place.test(await bar.textContent());
      });
    }
    await take(window, "alternatives");
  } finally {
    await other.close(false);
  }
}

/** What a model that follows instructions is for; what it says here is written down, since none is in the package. */
async function scripted() {
  const edited = "```python\ndef total(items, member=False):\n    \"\"\"The sum of the prices of some items, rounded to cents; members pay less.\"\"\"\n    if not items:\n        return 0\n    share = MEMBERS_PAY if member else 1\n    return round(share * sum(item.price * item.count for item in items), 2)\n```";
  const answer = "Members pay 95% of the sum (shop/prices.py:8), rounded to cents as every total is (shop/prices.py:9).";
  const other = await Editor.start({
    server: ["--engine", "fake"], files: {}, git: false, folder: "work/shop",
    settings: { "iquest.deadlineMs": 300_000, "git.blame.statusBarItem.enabled": false, "window.title": "IQuest LSP" },
    environment: { IQUEST_LSP_FAKE: JSON.stringify({ ...INSTRUCT, responses: [answer, edited] }) },
    prepare: (home) => execFileSync(PYTHON, ["-m", "tests.docs.shop", path.join(home, "work/shop")], { cwd: ROOT }),
  });
  try {
    execFileSync("git", ["-C", other.folder, "checkout", "-q", PRICES]);
    const window = await other.open();
    await window.page.setViewportSize(SIZE);
    await window.openFile(PRICES);
    await window.statusBecomes(/Ready/);
    await window.command("View: Close Primary Side Bar");
    await window.command("IQuest: Ask About This Code");
    await window.enter("What do members pay?");
    await whole(await window.reportWith("Cited files"));
    await take(window, "ask");
    await window.closeEditors();
    await window.openFile(PRICES);
    await window.line(6);
    await window.isAt(6);
    await window.page.keyboard.press("Home");
    for (let step = 0; step < 4; step++) await window.page.keyboard.press("Shift+ArrowDown");
    await window.command("IQuest: Change the Selection");
    await window.enter("Handle an empty list");
    await window.page.locator(".tab.active", { hasText: "Proposed change" }).waitFor();
    await take(window, "edit");
  } finally {
    await other.close(false);
  }
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

/** A question of the palette about the line that begins so, answered whole. */
async function asked(window, title, heading, beginning) {
  await window.openFile(PRICES);
  const number = fs.readFileSync(path.join(shop, PRICES), "utf8").split("\n").findIndex((line) => line.startsWith(beginning)) + 1;
  await window.line(number);
  await window.isAt(number);
  await window.command(title);
  await whole(await window.reportWith(heading));
}

async function whole(report) {
  await until("the whole of it", async () => !(await report.locator("main#main").textContent()).includes("Reading the history"));
}

async function take(window, name) {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  await window.page.mouse.move(250, 2, { steps: 3 });
  await window.page.waitForTimeout(1500); // animations
  const folder = SHOWN_THERE.includes(name) ? OF_THE_EXTENSION : PICTURES;
  fs.mkdirSync(folder, { recursive: true });
  await window.page.screenshot({ path: path.join(folder, `${name}.png`), clip: { x: 0, y: 0, ...SIZE, height: HEIGHTS[name] ?? SIZE.height } });
  console.log(`${name}.png`);
}
