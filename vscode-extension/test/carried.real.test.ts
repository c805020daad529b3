/**
 * A real environment from what a built .vsix carries; left out unless IQUEST_CARRIED names the folder `extension` of an
 * unpacked one. IQUEST_PYTHON names the Python, python3 otherwise. To see that nothing is fetched, run it without a
 * network (Linux: `unshare -n`).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { offerOf } from "../src/server/carried";
import { PrivateEnvironment, pythonTag } from "../src/server/environment";
import { runProgram } from "../src/server/programs";

const carrier = process.env["IQUEST_CARRIED"] ?? "";
const python = process.env["IQUEST_PYTHON"] ?? "python3";

test.skipIf(carrier === "")("the carried server is set up offline and starts", { timeout: 600_000 }, async () => {
  const { source } = offerOf(carrier, "", await pythonTag(python, runProgram));
  expect(source.carried).toBeDefined();
  const folder = await mkdtemp(path.join(tmpdir(), "iquest-carried-"));
  try {
    const environment = new PrivateEnvironment(path.join(folder, "server"), runProgram);
    const began = Date.now();
    let last = began;
    let step = "";
    await environment.create(python, source, (title) => {
      if (title !== step) {
        console.log(`${((Date.now() - last) / 1000).toFixed(1)} s  ${step}`);
        [step, last] = [title, Date.now()];
      }
    });
    console.log(`${((Date.now() - last) / 1000).toFixed(1)} s  ${step}\n${((Date.now() - began) / 1000).toFixed(1)} s in all`);
    const [program = "", ...words] = (await environment.command(source.install)) ?? [];
    const lines: string[] = [];
    await runProgram([program, ...words, "doctor"], (line) => lines.push(line));
    expect(lines.join("\n")).toMatch(/ok +runtime/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
