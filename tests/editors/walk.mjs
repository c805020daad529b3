// A newcomer's walk: from a clone to the first suggestion that is taken, in VS Code, Neovim and Emacs, with an empty home and
// by the lines of the README (Emacs: of docs/editors.md). Prints each step with its seconds, as rows of a table. What is
// not walked: the building of the runtime, which is taken from this machine's cache (IQUEST_COLD=1 builds it).
// With names of editors as arguments only those.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Terminal } from "./terminal.mjs";
import { CACHE, ROOT } from "./vscode/workbench.mjs";

const [, , ...wanted] = process.argv;
const home = fs.mkdtempSync(path.join(os.tmpdir(), "iquest-walk-"));
const clone = path.join(home, "iquest-lsp-clone");
const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), "iquest-lsp/runtime");
/** How this machine reaches the registries. */
const network = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(PIP_|SSL_|NPM_|NODE_EXTRA_|https?_proxy$)/i.test(name)));
const env = {
  ...network, PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8", TMPDIR: home,
  XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, XDG_STATE_HOME: home, XDG_RUNTIME_DIR: home,
};
const SHAPE = `class Shape:
    def __init__(self, width, height):
        self.width = width
        `;
const TYPED = "self.height =";
const MOST_S = 600; // only so that a walk that leads nowhere ends

/** Does a step and says how long it took. */
async function step(title, act) {
  const begin = Date.now();
  const more = await act();
  console.log(`| ${title}${more ? ` (${more})` : ""} | ${Math.round((Date.now() - begin) / 1000)} |`);
}

function shell(command, environment = env, cwd = clone) {
  execFileSync("bash", ["-c", command], { cwd, env: environment, stdio: ["ignore", "pipe", "inherit"] });
}

/** The code blocks of a kind under a heading. */
function block(page, heading, kind) {
  const part = fs.readFileSync(path.join(clone, page), "utf8").split(`\n${heading}`)[1];
  return part.match(new RegExp("```" + kind + "\\n([^]*?)```"))[1];
}

function project(folder) {
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, "shape.py"), SHAPE);
  shell("git init -q && git add . && git -c user.name=Ada -c user.email=ada@example.org commit -q -m Begin", env, folder);
  return folder;
}

/** Waits for grey text behind what was typed; asks `again` now and then, as a person does who sees nothing. */
async function suggested(again, isThere) {
  for (let tries = 1; tries <= MOST_S / 10; tries++) {
    for (let wait = 0; wait < 50; wait++) {
      if (await isThere()) return tries === 1 ? "" : `asked for ${tries} times`;
      await sleep(200);
    }
    await again();
  }
  throw new Error("nothing was suggested");
}

/** A walk in a terminal: `start` begins to type at the end of the file, `end` leaves the editor with the file saved. */
async function walk(name, program, parameters, { prepare, start, end, ask }) {
  let folder;
  let terminal;
  const places = { PATH: `${path.join(home, "venv/bin")}:${env.PATH}` };
  await step(`${name}: a file opened`, async () => {
    terminal = await Terminal.start(program, parameters, { environment: places, prepare: (own) => ((folder = project(path.join(own, "work"))), prepare(own), folder) });
    await terminal.shows("the file", ({ text }) => text.includes("class Shape:"), 120_000);
  });
  const shown = async () => (await terminal.screen()).lines.some((line) => line.includes(TYPED) && !line.trimEnd().endsWith(TYPED));
  await step(`half a line typed, grey text`, async () => {
    terminal.type(start);
    await sleep(500);
    for (const key of TYPED) {
      terminal.type(key);
      await sleep(120);
    }
    return suggested(async () => {
      if (ask) return terminal.type(ask);
      terminal.type("\x7f");
      await sleep(300);
      terminal.type(TYPED.at(-1));
    }, shown);
  });
  await step("taken by Tab, and saved", async () => {
    terminal.type("\t");
    await sleep(1000);
    terminal.type(end);
    const file = path.join(folder, "shape.py");
    for (let wait = 0; !fs.readFileSync(file, "utf8").includes(TYPED); wait++) {
      if (wait > 300) throw new Error(`not saved; there is\n${(await terminal.screen()).text}`);
      await sleep(100);
    }
    const line = fs.readFileSync(file, "utf8").trimEnd().split("\n").at(-1).trim();
    if (line === TYPED) throw new Error("nothing was taken");
    return `\`${line}\``;
  });
  await terminal.close(name === "Emacs" ? "\x18\x03" : ":qa!\r");
}

function wants(name) {
  return wanted.length === 0 || wanted.includes(name);
}

try {
  console.log("| step | seconds |\n|---|---|");
  await step("`git clone`", () => shell(`git clone -q ${ROOT} ${clone}`, env, home));
  if (process.env.IQUEST_COLD !== "1") {
    fs.mkdirSync(path.join(home, "iquest-lsp"));
    fs.symlinkSync(cache, path.join(home, "iquest-lsp/runtime"));
  }
  if (wants("vscode")) await vscode();
  if (wants("neovim") || wants("emacs")) {
    // What pipx does.
    await step("`pipx install .`", () => shell(`python3 -m venv ${home}/venv && ${home}/venv/bin/pip install -q .`));
    await step("`iquest-lsp doctor`", () => shell(`${home}/venv/bin/iquest-lsp doctor`));
  }
  if (wants("neovim")) {
    const neovim = path.join(CACHE, "newest/bin/nvim");
    // The wrapper starts it by its own loader, so that it cannot start itself behind its screen: the two parts one by one.
    const both = `${neovim} --headless --listen $HOME/nvim.sock shape.py & while [ ! -S $HOME/nvim.sock ]; do sleep 0.1; done; exec ${neovim} --server $HOME/nvim.sock --remote-ui`;
    await walk("Neovim", "sh", ["-c", both], {
      prepare(own) {
        fs.mkdirSync(path.join(own, "nvim"));
        fs.writeFileSync(path.join(own, "nvim/init.lua"), block("README.md", "### Neovim", "lua"));
      },
      start: "GA", end: "\x1b:w\r",
    });
  }
  if (wants("emacs")) {
    await walk("Emacs", "emacs", ["-nw", "shape.py"], {
      prepare(own) {
        fs.mkdirSync(path.join(own, ".emacs.d"));
        const lines = block("docs/editors.md", "## Emacs", "elisp").replace("~/src/iquest-lsp", clone);
        fs.writeFileSync(path.join(own, ".emacs.d/init.el"), lines);
      },
      start: "\x1b>", end: "\x18\x13", ask: "\x1bxiquest-suggest\r",
    });
  }
} finally {
  fs.rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 });
}

async function vscode() {
  const lines = block("README.md", "### VS Code", "sh").split("\n");
  await step("VS Code: `make extension`", () => shell(lines.find((line) => line.startsWith("make")).split("#")[0]));
  const [, vsix] = /--install-extension (\S+)/.exec(lines.join("\n"));
  process.env.IQUEST_VSIX = path.join(clone, vsix);
  const { Editor, until } = await import("./vscode/workbench.mjs?anew"); // which reads once which extension to use
  let editor;
  let window;
  await step("the extension installed, the editor started, a file opened", async () => {
    editor = await Editor.start({
      server: undefined, files: { "shape.py": SHAPE }, environment: network,
      prepare(own) {
        if (process.env.IQUEST_COLD === "1") return;
        fs.mkdirSync(path.join(own, "iquest-lsp"));
        fs.symlinkSync(cache, path.join(own, "iquest-lsp/runtime"));
      },
    });
    window = await editor.open();
    await window.file("shape.py");
  });
  try {
    await step("asked whether to set the server up, agreed; it is installed, the model is loaded", async () => {
      await window.answer("needs its language server", "Set it up");
      await window.statusBecomes(/Ready/, 1000 * MOST_S);
    });
    await step("half a line typed, grey text", async () => {
      await window.type(TYPED);
      return suggested(async () => {
        await window.page.keyboard.press("Backspace");
        await window.type(TYPED.at(-1));
      }, async () => (await window.ghost()) !== "");
    });
    await step("taken by Tab, and saved", async () => {
      await window.page.keyboard.press("Tab");
      await window.save();
      await until("the file on disk", () => editor.read("shape.py").length > `${SHAPE}${TYPED}`.length);
      return `\`${editor.read("shape.py").trimEnd().split("\n").at(-1).trim()}\``;
    });
  } finally {
    await editor.close(false);
  }
}
