// A machine with an editor and a Python and nothing of ours: the extension offers to install the server, installs it,
// and completes with the embedded model. IQUEST_COLD=1 builds the runtime too, as on a machine that never had it;
// IQUEST_VSIX=FILE takes an extension that carries the server's wheel, and then pip may ask no index.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, afterEach, test } from "node:test";
import { Editor, PYTHON, until } from "./workbench.mjs";

const COLD = process.env.IQUEST_COLD === "1";
const CARRIED = process.env.IQUEST_VSIX !== undefined;
const CACHE = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache");
const SHAPE = `class Shape:
    def __init__(self, width, height):
        self.width = width
        `;
/** Only so that a test that fails ends; building the runtime takes minutes. */
const PATIENCE = COLD ? 1_500_000 : 600_000;

let editor;
let failed = false;

afterEach((context) => {
  failed ||= context.error != null;
});

after(() => editor?.close(failed));

test("from the .vsix to the first ghost text", async (context) => {
  const began = Date.now();
  const seconds = () => `${Math.round((Date.now() - began) / 1000)} s`;
  const base = execFileSync(PYTHON, ["-c", "import sys; print(sys.base_prefix)"], { encoding: "utf8" }).trim();
  const pip = CARRIED ? { PIP_NO_INDEX: "1" } : Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(PIP_|SSL_|https?_proxy$)/i.test(name)));
  editor = await Editor.start({
    server: undefined,
    files: { "shape.py": SHAPE },
    settings: { "iquest.deadlineMs": 300_000 },
    machine: { "iquest.server.python": path.join(base, "bin/python3") },
    environment: { ...pip, PATH: process.env.PATH.split(path.delimiter).filter((folder) => !fs.existsSync(path.join(folder, "iquest-lsp"))).join(path.delimiter) },
    prepare(home) {
      if (COLD || CARRIED) return;
      fs.mkdirSync(path.join(home, "iquest-lsp"), { recursive: true });
      fs.mkdirSync(path.join(CACHE, "iquest-lsp/runtime"), { recursive: true });
      fs.symlinkSync(path.join(CACHE, "iquest-lsp/runtime"), path.join(home, "iquest-lsp/runtime")); // the built runtime
    },
  });
  context.diagnostic(`editor installed and started after ${seconds()}`);
  const window = await editor.open();
  await window.file("shape.py");
  await window.statusBecomes(/not installed yet/);
  await window.answer("needs its language server", "Set it up");
  const agreed = Date.now();
  await window.page.locator(".notification-toast, .notification-list-item", { hasText: "Installing the server" }).first().waitFor({ timeout: PATIENCE });
  await window.picture("set-up");
  await window.statusBecomes(/Ready/, PATIENCE);
  context.diagnostic(`server installed and model loaded ${Math.round((Date.now() - agreed) / 1000)} s after the user agreed`);
  await window.type("self.height =");
  await window.ghostBecomes(/\S/);
  context.diagnostic(`first ghost text after ${seconds()}, the runtime ${CARRIED ? "in the extension" : COLD ? "built" : "from the cache"}`);
  await window.page.keyboard.press("Tab");
  await window.save();
  await until("the file on disk", () => editor.read("shape.py").length > `${SHAPE}self.height =`.length);
  assert.ok(editor.processes("iquest_lsp.cli").every((pid) => fs.readlinkSync(`/proc/${pid}/exe`).startsWith(base)));
});
