// A set-up that fails, in a real VS Code: one sentence for each kind, with Retry and Show the log, and no more of pip.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Editor, until } from "./workbench.mjs";

const KINDS = {
  "an old Python": ["exit 1", "Python 3.11 or newer is needed"],
  "no space": ["echo 'OSError: [Errno 28] No space left on device' >&2", "The disk is full"],
  "no network": ["echo 'Failed to establish a new connection: [Errno -3] Temporary failure in name resolution' >&2", "The package index cannot be reached"],
  "no venv": ["echo 'No module named venv' >&2", "This Python makes no environments"],
  "a broken cache folder": ["echo 'zipfile.BadZipFile: File is not a zip file' >&2", "The cache is damaged"],
};

let editor;
let window;
let python;
let failed = false;

/** A Python that can be looked at, and fails in one way at all else. */
function breaks(how) {
  const looked = how.startsWith("exit") ? "" : 'case "$1$2" in -c*) echo cp311; exit 0 ;; esac\n';
  fs.writeFileSync(python, `#!/bin/sh\necho >> "${python}.runs"\n${looked}${how}\nexit 1\n`, { mode: 0o755 });
}

/** How often that Python was run. */
const runs = () => fs.readFileSync(`${python}.runs`, "utf8").length;

before(async () => {
  editor = await Editor.start({
    server: undefined,
    files: { "shapes.py": "" },
    machine: { "iquest.server.python": path.join(await fs.promises.mkdtemp(path.join(process.env.TMPDIR ?? "/tmp", "iquest-python-")), "python3") },
    environment: { CXX: "c++", PATH: process.env.PATH.split(path.delimiter).filter((folder) => !fs.existsSync(path.join(folder, "iquest-lsp"))).join(path.delimiter) },
  });
  python = JSON.parse(fs.readFileSync(path.join(editor.data, "Machine/settings.json"), "utf8"))["iquest.server.python"];
  breaks(KINDS["an old Python"][0]);
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

for (const [kind, [how, sentence]] of Object.entries(KINDS)) {
  test(`${kind} is one sentence, and can be tried again`, async () => {
    breaks(how);
    await window.command("IQuest: Set Up the Language Server");
    await window.answer("needs its language server", "Set it up");
    const toast = window.page.locator(".notification-toast", { hasText: sentence }).first();
    await toast.waitFor();
    assert.deepEqual((await toast.locator(".monaco-button").allTextContents()).filter((text) => text !== ""), ["Retry", "Show the log"]);
    const said = (await toast.locator(".notification-list-item-message").first().textContent()).trim();
    assert.doesNotMatch(said, /Errno|File "|Traceback|\n/);
    const before = runs();
    await toast.locator(".monaco-button", { hasText: "Retry" }).first().click();
    await until("another try", () => runs() > before);
    const again = window.page.locator(".notification-toast", { hasText: sentence }).first();
    await again.waitFor();
    await again.locator(".monaco-button", { hasText: "Show the log" }).first().click();
    await window.page.locator(".part.panel .output-view-container, .part.panel [id*=output]").first().waitFor();
    await window.command("Notifications: Clear All Notifications");
  });
}
