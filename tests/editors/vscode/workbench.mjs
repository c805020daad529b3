// A real VS Code (code-server) in headless Chromium, with our extension in it and the real language server behind it.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export const CACHE = process.env.IQUEST_EDITORS;
assert(CACHE, "run through tests/editors/run");
const { chromium } = createRequire(path.join(CACHE, "playwright/"))("playwright-core");
const CODE_SERVER = path.join(CACHE, "code-server/node_modules/code-server/out/node/entry.js");
const VSIX = process.env.IQUEST_VSIX ?? path.join(ROOT, "vscode-extension/iquest-lsp.vsix");
export const PYTHON = path.join(ROOT, ".venv/bin/python");
export const ARTIFACTS = path.join(ROOT, "tests/artifacts/editors");

/** Only so that a test that fails ends: the page may share two cores with anything. */
export const PATIENCE = 1000 * Number(process.env.IQUEST_PATIENCE_S ?? 300);

const SETTINGS = {
  "security.workspace.trust.startupPrompt": "never",
  "telemetry.telemetryLevel": "off",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.reduceMotion": "on", // a picture shows what is there, not how it comes
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.colorTheme": "Default Dark Modern",
  "chat.disableAIFeatures": true,
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "git.openRepositoryInParentFolders": "never",
  "editor.inlineSuggest.enabled": true,
  "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" },
  "editor.suggestOnTriggerCharacters": false,
  "editor.wordBasedSuggestions": "off",
  "editor.autoClosingBrackets": "never",
  "editor.autoIndent": "none",
  "editor.minimap.enabled": false,
  "files.autoSave": "off",
};

/** One editor server with its own home; windows are opened in it. */
export class Editor {
  /**
   * `server`: arguments of the language server, undefined for none at all; `files`: the workspace, path -> text;
   * `git`: whether to commit them; `machine`: settings that only the machine's file may hold; `trusted`: whether
   * folders are trusted unasked; `prepare` is given the home folder before anything runs in it.
   */
  static async start({ server, files, git = true, settings = {}, machine = {}, environment = {}, trusted = true, prepare, folder }) {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "iquest-editor-"));
    const editor = new Editor(home, folder);
    for (const [name, text] of Object.entries(files)) editor.write(name, text);
    if (git) editor.commit("Compute areas");
    // No other variables of this process, so that a daemon or settings of its own cannot be reached.
    editor.environment = {
      PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8", TMPDIR: home, IQUEST_TEST_HOME: home,
      XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, XDG_STATE_HOME: home, XDG_RUNTIME_DIR: home,
      ...environment,
    };
    prepare?.(home);
    editor.writeSettings({ ...SETTINGS, "security.workspace.trust.enabled": !trusted, ...settings });
    // Settings that name a program count only for the machine that it runs on.
    const command = server && { "iquest.server.command": [PYTHON, "-P", "-m", "iquest_lsp.cli", ...server] };
    editor.writeMachine({ ...command, "iquest.idleExitSeconds": 1, ...machine });
    fs.writeFileSync(path.join(home, "config.yaml"), "auth: none\ncert: false\n");
    const base = [CODE_SERVER, "--config", path.join(home, "config.yaml"), "--user-data-dir", editor.data, "--extensions-dir", path.join(home, "extensions")];
    execFileSync(process.execPath, [...base, "--install-extension", VSIX], { env: editor.environment, stdio: "pipe" });
    editor.port = await freePort();
    const log = fs.openSync(path.join(home, "server.log"), "w");
    const begin = () => {
      editor.process = spawn(
        process.execPath,
        [...base, "--auth", "none", "--bind-addr", `127.0.0.1:${editor.port}`, "--disable-telemetry", "--disable-update-check",
          "--disable-getting-started-override", ...(trusted ? ["--disable-workspace-trust"] : [])],
        { env: editor.environment, stdio: ["ignore", log, log], detached: true },
      );
    };
    begin();
    await until("the editor's server", async () => {
      if (editor.process.exitCode !== null) begin(); // it gives its own child ten seconds, which a busy machine may need
      return (await fetch(`http://127.0.0.1:${editor.port}/healthz`).catch(() => undefined))?.ok;
    });
    editor.browser = await browser(editor.environment);
    return editor;
  }

  constructor(home, folder = "shapes") {
    this.home = home;
    this.folder = path.join(home, folder);
    this.data = path.join(home, "data");
    this.windows = [];
    this.settings = {};
    this.machine = {};
  }

  file(name) {
    return path.join(this.folder, name);
  }

  read(name) {
    return fs.readFileSync(this.file(name), "utf8");
  }

  /** The text of a file that need not be there. */
  readIf(name) {
    return fs.existsSync(this.file(name)) ? this.read(name) : "";
  }

  write(name, text) {
    fs.mkdirSync(path.dirname(this.file(name)), { recursive: true });
    fs.writeFileSync(this.file(name), text);
  }

  commit(subject) {
    const git = (...args) => execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args], { cwd: this.folder, stdio: "pipe" });
    if (!fs.existsSync(this.file(".git"))) git("init", "-q", "-b", "main");
    git("add", ".");
    git("commit", "-q", "-m", subject);
  }

  writeSettings(changes) {
    Object.assign(this.settings, changes);
    this.writeJson("User/settings.json", this.settings);
  }

  /** Changes the settings of the machine that the server runs on, which an open window follows at once; undefined takes one away. */
  writeMachine(changes) {
    this.writeJson("Machine/settings.json", Object.assign(this.machine, changes));
  }

  writeJson(name, value) {
    const file = path.join(this.data, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify(value, undefined, 2));
  }

  /** Opens a window on a folder, or on a workspace file; in another language extensions speak that, where they can. */
  async open(place = this.folder, { language } = {}) {
    const page = await this.browser.newPage({ viewport: { width: 1280, height: 800 } });
    if (language) await page.addInitScript((one) => (globalThis._VSCODE_NLS_LANGUAGE = one), language); // as a language pack does
    page.setDefaultTimeout(PATIENCE);
    const window = new Window(this, page);
    this.windows.push(window);
    const kind = place.endsWith(".code-workspace") ? "workspace" : "folder";
    await page.goto(`http://127.0.0.1:${this.port}/?${kind}=${encodeURIComponent(place)}`, { timeout: 2 * PATIENCE, waitUntil: "commit" });
    await page.waitForSelector(".monaco-workbench .explorer-folders-view", { timeout: 2 * PATIENCE });
    return window;
  }

  /** Processes of this editor whose command line holds `part`. */
  processes(part) {
    return fs.readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).map(Number).filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").includes(part) &&
          fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`IQUEST_TEST_HOME=${this.home}`);
      } catch {
        return false; // it has ended meanwhile
      }
    });
  }

  async close(failed) {
    if (failed) {
      for (const [number, window] of this.windows.entries()) await window.picture(`failed-${number}`).catch(() => undefined);
      console.log(`kept for a look: ${this.home}`);
    }
    await this.browser?.close();
    if (this.process) process.kill(-this.process.pid, "SIGTERM");
    await until("no process left", () => this.processes("iquest_lsp").length === 0).catch((error) => {
      this.processes("iquest_lsp").forEach((pid) => process.kill(pid, "SIGKILL"));
      throw error;
    });
    if (!failed) fs.rmSync(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
  }
}

/** One window of the editor. */
export class Window {
  constructor(editor, page) {
    this.editor = editor;
    this.page = page;
    this.text = page.locator(".editor-instance .monaco-editor .view-lines >> visible=true").first();
    this.focused = page.locator(".editor-instance .monaco-editor.focused").first();
    this.status = page.locator('.statusbar-item[id$="iquest.status"]').first(); // progress stands beside it, with our name too
  }

  /** Opens a file of the workspace's top folder and puts the cursor at its end. */
  async file(name) {
    const row = this.page.locator(".explorer-folders-view .monaco-list-row", { hasText: name }).first();
    if (!(await row.isVisible())) await this.page.keyboard.press("Control+Shift+E");
    await row.dblclick({ timeout: PATIENCE });
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).first().waitFor({ timeout: PATIENCE });
    await this.text.waitFor({ timeout: PATIENCE });
    await this.end();
  }

  /** Writes the file that is open anew, and waits until its `part` is on the screen: lines and cursor move no more after that. */
  async rewrite(name, text, part) {
    this.editor.write(name, text);
    await this.command("File: Revert File");
    await until(`${part} in ${name}`, async () => (await this.text.textContent()).replaceAll("\u00a0", " ").includes(part));
  }

  /** Opens any file of the workspace by its path. */
  async openFile(name) {
    await this.quickInput("Control+P", name, path.basename(name));
    await this.page.locator(`.tab.active[data-resource-name="${path.basename(name)}"]`).first().waitFor({ timeout: PATIENCE });
    await this.text.waitFor({ timeout: PATIENCE });
  }

  /** Puts the cursor at the end of the text, by keys alone: a click on text that is still being laid out can miss it. */
  async end() {
    await until("the focus in the text", async () => {
      if (await this.focused.isVisible()) return true;
      await this.page.keyboard.press("Control+1");
      return false;
    });
    await this.page.keyboard.press("Control+End");
  }

  /** Unfolds a folder of the explorer. */
  async unfold(name) {
    const row = this.page.locator(".explorer-folders-view .monaco-list-row", { hasText: name }).first();
    await row.waitFor({ timeout: PATIENCE });
    if ((await row.getAttribute("aria-expanded")) === "false") await row.click();
  }

  async line(number) {
    await this.quickInput("Control+G", `:${number}`);
  }

  /** Waits until the status bar says that the cursor is in a line. */
  async isAt(number, patience = PATIENCE) {
    await this.page.locator(".statusbar-item", { hasText: `Ln ${number},` }).first().waitFor({ timeout: patience });
  }

  async type(text, delay = 40) {
    await this.page.keyboard.type(text, { delay });
  }

  /** Runs a command of the palette by its whole title; `done` tells that it has come to its end. */
  async command(title, done) {
    await this.quickInput("F1", `>${title}`, title, done);
  }

  /** Opens the quick input by a key, fills it in, and takes its chosen row once that is `row`; again if it is closed, unless it is `done`. */
  async quickInput(key, text, row, done = async () => false) {
    const { input } = this;
    // The chosen one, not any: before what was typed is looked for, the list shows the commands used last, with another chosen.
    const chosen = this.page.locator(".quick-input-list .monaco-list-row.focused");
    await until(`quick input by ${key} that takes ${text}`, async () => {
      if (await done()) return true; // a busy machine may have been slow to take the list away: a row that did its work may be gone
      await this.page.keyboard.press(key);
      try {
        await input.fill(text, { timeout: 5000 });
        if (row !== undefined) await chosen.filter({ hasText: row }).first().waitFor({ timeout: 10_000 });
        await input.press("Enter", { timeout: 5000 });
        await this.page.locator(".quick-input-list:visible", { hasText: row ?? text }).waitFor({ state: "hidden", timeout: 5000 });
        return true;
      } catch (error) {
        if (error.name !== "TimeoutError") throw error;
        await this.page.keyboard.press("Escape"); // something else took the focus: an editor that was still opening
        return false;
      }
    });
  }

  /** The line of the quick input that is open. */
  get input() {
    return this.page.locator(".quick-input-widget:visible input").first();
  }

  /** Types a text into the quick input that is open, and enters it. */
  async enter(text) {
    await this.input.fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** Chooses a row of the open quick pick. */
  async pick(row) {
    const found = this.page.locator(".quick-input-list .monaco-list-row", { hasText: row }).first();
    await found.waitFor({ timeout: PATIENCE });
    await found.click();
  }

  /** Opens the context menu of an element and takes the entry with this title. */
  async menu(element, title, options = {}) {
    const entry = this.page.locator(".monaco-menu .action-label", { hasText: title }).first();
    await until(`${title} taken from the menu`, async () => {
      // Opened again where it is gone untaken: a list that is drawn anew closes it.
      if ((await entry.count()) === 0) await element.click({ button: "right", ...options });
      await entry.waitFor({ timeout: 10_000 }).catch(() => undefined);
      // A menu takes no click in its first moments (the button that opened it may still come up over an entry).
      const taken = await entry.click({ timeout: 5000 }).then(() => true, () => false);
      await sleep(300);
      return taken && (await entry.count()) === 0;
    });
  }

  /** Presses the button with this name in a part of the window. */
  async button(part, name) {
    const button = this.page.locator(`${part} [role="button"][aria-label^="${name}"]`).first();
    await button.waitFor({ state: "attached", timeout: PATIENCE });
    await button.dispatchEvent("click");
  }

  /** Closes all editors, keeping what is on disk. */
  async closeEditors() {
    const open = this.page.locator(".editor-instance, .tab");
    const discard = this.page.locator(".monaco-dialog-box .monaco-button", { hasText: "Don't Save" }).first();
    // Again where one was still opening: it comes after the others were closed, and may have caught the key.
    await until("window without an editor", async () => {
      if (await discard.isVisible()) await discard.click();
      else await this.command("View: Close All Editors", async () => (await discard.isVisible()) || (await open.count()) === 0);
      for (let wait = 0; wait < 10 && (await open.count()) > 0; wait++) await sleep(200);
      return (await open.count()) === 0;
    });
  }

  /** Presses a button of a notification that holds this text. */
  async answer(text, button) {
    const toast = this.page.locator(".notification-toast, .notifications-center .notification-list-item", { hasText: text }).first();
    await toast.waitFor({ timeout: PATIENCE });
    await toast.locator(".monaco-button", { hasText: button }).first().click();
  }

  /** The ghost text on the screen, all its parts together; "" for none. */
  async ghost() {
    const parts = await this.page.locator(':is(.editor-instance, .notebookOverlay) [class*="ghost-text-decoration"]').allTextContents();
    const below = this.page.locator(".editor-instance .suggest-preview-text .view-line, .editor-instance .suggest-preview-text:not(:has(.view-line))");
    const lines = [parts.join(""), ...(await below.allTextContents())];
    return lines.join("\n").trimEnd().replaceAll("\u00a0", " ");
  }

  async ghostBecomes(expected, patience = PATIENCE) {
    let last = "";
    await until(`ghost text ${JSON.stringify(expected)}`, async () => {
      last = await this.ghost();
      return typeof expected === "string" ? last === expected : expected.test(last);
    }, patience).catch((error) => {
      throw new Error(`${error.message}; there is ${JSON.stringify(last)}`);
    });
    return last;
  }

  async statusBecomes(pattern, patience = PATIENCE) {
    let last = "";
    await until(`status ${pattern}`, async () => {
      last = `${await this.status.locator("a").first().getAttribute("aria-label", { timeout: 1000 }).catch(() => "")}`;
      return pattern.test(last);
    }, patience).catch((error) => {
      throw new Error(`${error.message}; it is ${JSON.stringify(last)}`);
    });
  }

  /** Does something and waits until the status has said so, however briefly. */
  async statusSays(pattern, action) {
    await this.page.evaluate(() => {
      const seen = (globalThis.statusesSeen = []);
      new MutationObserver(() => {
        for (const item of document.querySelectorAll(".statusbar-item a[aria-label*=IQuest]")) {
          if (item.ariaLabel !== seen.at(-1)) seen.push(item.ariaLabel);
        }
      }).observe(document.querySelector(".statusbar"), { attributes: true, childList: true, subtree: true });
    });
    await action();
    let seen = [];
    await until(`status ${pattern}`, async () => {
      seen = await this.page.evaluate(() => globalThis.statusesSeen);
      return seen.some((text) => pattern.test(text));
    }).catch((error) => {
      throw new Error(`${error.message}; it was ${JSON.stringify(seen)}`);
    });
  }

  async save() {
    await this.page.keyboard.press("Control+S");
    await this.page.locator(".tab.active:not(.dirty)").first().waitFor({ timeout: PATIENCE });
  }

  /** The frame of a page of ours that holds this text. */
  async reportWith(text) {
    let found;
    await until(`a page with ${text}`, async () => {
      for (const frame of this.page.frames()) {
        const body = await frame.locator("main#main").textContent({ timeout: 200 }).catch(() => null);
        if (body?.includes(text)) found = frame;
      }
      return found;
    });
    return found;
  }

  async picture(name) {
    fs.mkdirSync(ARTIFACTS, { recursive: true });
    await this.page.screenshot({ path: path.join(ARTIFACTS, `${name}.png`) });
  }
}

/** A browser that fetches nothing of its own. */
export function browser(env) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    env,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
}

/** Waits until `ready()` is true. */
export async function until(what, ready, patience = PATIENCE) {
  const end = Date.now() + patience;
  while (!(await ready())) {
    if (Date.now() > end) throw new Error(`no ${what} within ${patience / 1000} s`);
    await sleep(150);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
