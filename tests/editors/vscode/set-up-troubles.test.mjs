// A set-up that fails, in a real VS Code: one sentence for each kind, with Retry and Show the log, and no more of pip.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { look } from "./look.mjs";
import { Editor, until } from "./workbench.mjs";

const KINDS = {
  "an old Python": ["exit 1", "Python 3.11 or newer is needed"],
  "no compiler": ["exit 1", "A C++ compiler is needed"],
  "no space": ["echo 'OSError: [Errno 28] No space left on device' >&2", "The disk is full"],
  "no network": ["echo 'Failed to establish a new connection: [Errno -3] Temporary failure in name resolution' >&2", "The package index cannot be reached"],
  "no venv": ["echo 'No module named venv' >&2", "This Python makes no environments"],
  "a broken cache folder": ["echo 'zipfile.BadZipFile: File is not a zip file' >&2", "The cache is damaged"],
};

let editor;
let window;
let python;
let programs;
let failed = false;

/**
 * A Python that can be looked at, and fails in one way at all else. It takes a second for that: of notifications that
 * come quicker than three in 0.8 s, VS Code shows no more until somebody opens its list.
 */
function breaks(kind) {
  const [how] = KINDS[kind];
  const looked = kind === "an old Python" ? "" : 'case "$1$2" in -c*) echo cp311; exit 0 ;; esac\n';
  fs.writeFileSync(python, `#!/bin/sh\n${looked}sleep 1\n${how}\nexit 1\n`, { mode: 0o755 });
  const compiler = path.join(programs, "c++");
  fs.rmSync(compiler, { force: true });
  if (kind !== "no compiler") fs.writeFileSync(compiler, "#!/bin/sh\n", { mode: 0o755 });
}

/** A folder with all programs of the system but compilers and ours, to be all that there is on PATH. */
function withoutCompilers(folder) {
  fs.mkdirSync(folder);
  for (const place of process.env.PATH.split(path.delimiter).filter((one) => fs.existsSync(one))) {
    for (const name of fs.readdirSync(place).filter((one) => !/^(c\+\+|g\+\+|clang\+\+|CC|iquest-lsp)$/.test(one))) {
      if (!fs.existsSync(path.join(folder, name))) fs.symlinkSync(path.join(place, name), path.join(folder, name));
    }
  }
  return folder;
}

before(async () => {
  const made = await fs.promises.mkdtemp(path.join(process.env.TMPDIR ?? "/tmp", "iquest-python-"));
  python = path.join(made, "python3");
  programs = withoutCompilers(path.join(made, "bin"));
  breaks("an old Python");
  editor = await Editor.start({
    server: undefined,
    files: { "shapes.py": "" },
    machine: { "iquest.server.python": python },
    environment: { PATH: programs, VSCODE_CLI: "1" }, // a login shell is not asked for its PATH then
  });
  window = await editor.open();
  await window.statusBecomes(/not installed yet/);
  await window.command("Notifications: Clear All Notifications");
});

afterEach((context) => {
  failed ||= context.error != null;
});

after(async () => {
  await editor?.close(failed);
  if (python) fs.rmSync(path.dirname(python), { recursive: true });
});

test("each kind of trouble is one sentence, with no more of pip, and is tried again", async () => {
  await window.command("IQuest: Set Up the Language Server");
  await window.page.locator(".notification-toast", { hasText: "needs its language server" }).first().waitFor();
  await look(window, "set-up");
  await window.answer("needs its language server", "Set it up");
  const kinds = Object.entries(KINDS);
  for (const [index, [kind, [, sentence]]] of kinds.entries()) {
    const toast = window.page.locator(".notification-toast", { hasText: sentence }).first();
    await toast.waitFor();
    assert.deepEqual((await toast.locator(".monaco-button").allTextContents()).filter((text) => text !== ""), ["Retry", "Show the log"], kind);
    const said = (await toast.locator(".notification-list-item-message").first().textContent()).trim();
    assert.doesNotMatch(said, /Errno|File "|Traceback|\n/, kind);
    // The next try fails in the next way: only by its own sentence is it told apart from the one before.
    if (index + 1 < kinds.length) {
      breaks(kinds[index + 1][0]);
      await toast.locator(".monaco-button", { hasText: "Retry" }).first().click();
    }
  }
});

test("the log can be looked at, and the trouble stays with Retry", async () => {
  const sentence = Object.values(KINDS).at(-1)[1];
  await window.page.locator(".notification-toast", { hasText: sentence }).locator(".monaco-button", { hasText: "Show the log" }).first().click();
  await window.page.locator(".part.panel .output-view-container, .part.panel [id*=output]").first().waitFor();
  const toasts = window.page.locator(".notification-toast", { hasText: sentence });
  await until("the trouble with Retry alone", async () => {
    const buttons = await toasts.locator(".monaco-button").allTextContents();
    return buttons.filter((text) => text !== "").join() === "Retry";
  });
  const [, other] = KINDS["no space"];
  breaks("no space");
  await toasts.locator(".monaco-button", { hasText: "Retry" }).first().click();
  await window.page.locator(".notification-toast", { hasText: other }).first().waitFor();
  await look(window, "set-up-trouble");
});
