// What dies is started again, and several windows share what lives, in a real VS Code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PYTHON, until } from "./workbench.mjs";
import { stage } from "./stage.mjs";

const scene = stage();
const engines = () => scene.editor.processes("iquest_lsp.runtime.client.worker");
const daemons = () => scene.editor.processes("iquest_lsp.daemon");

async function completes(window) {
  await window.type("def area(");
  await window.ghostBecomes("width, height):");
}

test("the engine is killed: the status says so, and completions come again", async () => {
  const { window } = scene;
  const [engine] = engines();
  assert.ok(engine, "an engine runs");
  await window.statusSays(/signal 9|being loaded|not loaded/, () => process.kill(engine, "SIGKILL"));
  await window.statusBecomes(/Ready/);
  await completes(window);
  assert.notDeepEqual(engines(), [engine]);
});

test("the bridge is killed: it is started again after a pause", async () => {
  const { editor, window } = scene;
  await window.statusSays(/started again|starting|not loaded|being loaded/, () => {
    for (const pid of editor.processes("iquest_lsp.cli")) process.kill(pid, "SIGKILL");
  });
  await window.statusBecomes(/Ready/);
  await completes(window);
});

test("the daemon is replaced: the window goes on with the new one", async () => {
  const { window } = scene;
  const before = daemons();
  assert.equal(before.length, 1);
  await window.statusSays(/started again|starting|not loaded|being loaded/, () => process.kill(before[0], "SIGTERM"));
  await window.statusBecomes(/Ready/);
  await completes(window);
  assert.equal(daemons().length, 1);
  assert.notDeepEqual(daemons(), before);
});

test("two windows complete at the same time, with one daemon and one engine", async () => {
  const { editor, window } = scene;
  const second = await editor.open();
  await second.file("shapes.py");
  await second.statusBecomes(/Ready/);
  await second.type("def peri");
  await second.ghostBecomes("meter(width, height):");
  assert.equal(daemons().length, 1);
  assert.equal(engines().length, 1);
  await second.page.close();
  await completes(window);
});

test("a server that hangs at its start is ended by a restart, and the next one is used", async () => {
  const { editor, window } = scene;
  const once = "import os, sys, time, pathlib; mark = pathlib.Path(sys.argv[1]); seen = mark.exists(); mark.touch(); " +
    "os.execv(sys.executable, [sys.executable, '-P', '-m', 'iquest_lsp.cli', *sys.argv[2:]]) if seen else time.sleep(10_000)";
  const hanging = () => editor.processes("time.sleep");
  const command = editor.machine["iquest.server.command"];
  editor.writeMachine({ "iquest.server.command": [PYTHON, "-P", "-c", once, `${editor.home}/started-once`, ...command.slice(4)] });
  await window.statusBecomes(/server is starting/);
  await until("the server that hangs", () => hanging().length === 1);
  await window.command("IQuest: Restart the Language Server");
  await window.statusBecomes(/Ready/);
  await completes(window);
  assert.deepEqual(hanging(), []);
});
