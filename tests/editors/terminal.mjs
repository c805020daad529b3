// A program of the terminal, in a real one: it runs behind a pseudo terminal, and what it draws is drawn by the terminal that
// VS Code has inside (xterm.js, node-pty), in a page that pictures can be taken of.
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { browser, CACHE, until } from "./vscode/workbench.mjs";

const MODULES = path.join(CACHE, "code-server/node_modules/code-server/lib/vscode/node_modules");
const SIZE = { cols: 120, rows: 13 };
/** VS Code's dark colours, so that films of both stand well beside each other. */
const LOOKS = {
  ...SIZE, allowProposedApi: true, cursorBlink: false, fontFamily: "DejaVu Sans Mono", fontSize: 14, lineHeight: 1.15,
  theme: { background: "#1f1f1f", foreground: "#cccccc", cursor: "#cccccc" },
};

export class Terminal {
  /** Starts a program in a home of its own, which `prepare` may fill first. */
  static async start(program, parameters, { prepare, environment = {} }) {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "iquest-terminal-"));
    const env = {
      PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8", TERM: "xterm-256color", COLORTERM: "truecolor", TMPDIR: home,
      XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, XDG_STATE_HOME: home, XDG_RUNTIME_DIR: home, ...environment,
    };
    const cwd = prepare(home) ?? home;
    const terminal = new Terminal();
    Object.assign(terminal, { home, browser: await browser(env) });
    const page = (terminal.page = await terminal.browser.newPage({ viewport: { width: 1200, height: 600 } }));
    await page.setContent('<body style="margin: 0; background: #1f1f1f"><div id="screen" style="display: inline-block; padding: 8px"></div></body>');
    await page.addStyleTag({ path: path.join(MODULES, "@xterm/xterm/css/xterm.css") });
    await page.addScriptTag({ path: path.join(MODULES, "@xterm/xterm/lib/xterm.js") });
    await page.exposeFunction("answer", (text) => terminal.process?.write(text)); // what a terminal is asked about itself
    await page.evaluate((looks) => {
      globalThis.terminal = new globalThis.Terminal(looks);
      globalThis.terminal.open(document.querySelector("#screen"));
      globalThis.terminal.focus();
      globalThis.terminal.onData((text) => globalThis.answer(text));
    }, LOOKS);
    const pty = createRequire(path.join(MODULES, "node-pty/"))("node-pty");
    terminal.process = pty.spawn(program, parameters, { ...SIZE, cwd, env, name: env.TERM });
    terminal.ended = new Promise((resolve) => terminal.process.onExit(resolve));
    let drawn = Promise.resolve();
    terminal.process.onData((text) => {
      drawn = drawn.then(() => page.evaluate((part) => new Promise((done) => globalThis.terminal.write(part, done)), text)).catch(() => undefined);
    });
    return terminal;
  }

  type(keys) {
    this.process.write(keys);
  }

  /** What is on the screen, and the line (from 0) that the cursor is in. */
  async screen() {
    return this.page.evaluate(() => {
      const { active } = globalThis.terminal.buffer;
      const lines = Array.from({ length: globalThis.terminal.rows }, (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? "");
      return { text: lines.join("\n"), lines, row: active.cursorY };
    });
  }

  /** Waits until what is on the screen passes. */
  async shows(what, passes, patience) {
    await until(what, async () => passes(await this.screen()), patience).catch(async (error) => {
      throw new Error(`${error.message}; there is\n${(await this.screen()).text}`);
    });
  }

  /** Ends the program, by its own key or command, and waits for those that it started. */
  async close(keys) {
    this.type(keys);
    const late = setTimeout(() => this.process.kill(), 20_000);
    await this.ended;
    clearTimeout(late);
    await this.browser.close();
    fs.rmSync(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 });
  }
}
