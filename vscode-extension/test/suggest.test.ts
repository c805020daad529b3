import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { turns } from "../src/ask/participant";
import { rowsOf, size } from "../src/models/rows";
import type { Models } from "../src/server/protocol";
import { serverSettingNames, settingsTold } from "../src/server/settings";
import { traceInto } from "../src/server/trace";
import { troubleWith } from "../src/server/setupTrouble";
import { wholeLines } from "../src/suggest/editSelection";
import { quietReason } from "../src/suggest/quiet";
import { Snooze } from "../src/suggest/snooze";
import manifest from "../package.json";
import { configured, listening, LogLevel, Position, Range, workspace } from "./fakes/vscode";

beforeEach(() => {
  configured.clear();
  workspace.workspaceFolders = undefined;
});

test("suggestions sleep until they wake by themselves, or are woken", () => {
  let now = 0;
  let work: () => void = () => undefined;
  let told = 0;
  const clock = { now: () => now, after: (_: number, wake: () => void) => ((work = wake), () => (work = () => undefined)) };
  const snooze = new Snooze(() => told++, clock);
  snooze.sleep(5);
  expect(snooze.until).toBe(300_000);
  snooze.wake();
  expect(snooze.until).toBeUndefined();
  snooze.sleep(5);
  now = 300_000;
  work();
  expect(snooze.until).toBeUndefined();
  expect(told).toBe(4);
});

test("every reason that the server has for silence is told in words", () => {
  const source = readFileSync(new URL("../../iquest_lsp/completion/postprocess.py", import.meta.url), "utf8");
  const [, body = ""] = /class Quiet\(StrEnum\):(.*?)\n\n\n/s.exec(source) ?? [];
  const names = [...body.matchAll(/ = "([^"]+)"/g)].map((found) => found[1] ?? "");
  expect(names.length).toBeGreaterThan(10);
  const texts = names.map((name) => quietReason(name).text);
  expect(new Set(texts).size).toBe(names.length);
  expect(texts).not.toContain(quietReason("").text);
});

test("the settings that reasons lead to exist", () => {
  for (const quiet of ["off", "hidden", "deadline", "unsure"]) {
    expect(serverSettingNames(manifest)).toContain(quietReason(quiet).setting);
  }
});

test.each([
  ["no compiler", "CMake Error: No CMAKE_CXX_COMPILER could be found.", /compiler/],
  ["no compiler, told by setuptools", "error: command 'g++' failed: No such file or directory", /compiler/],
  ["no network", "NewConnectionError('Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')", /index cannot be reached/],
  ["a wheel for another system", "ERROR: iquest_lsp-0.1.0-py3-none-manylinux_2_36_x86_64.whl is not a supported wheel on this platform.", /another system/],
  ["a carried package that does not fit", "Looking in links: /x/wheels / Processing /x/s.whl / ERROR: Could not find a version that satisfies the requirement numpy>=1.26 (from versions: none)", /another system/],
  ["no space", "OSError: [Errno 28] No space left on device", /disk is full/],
  ["an old Python", "ERROR: Package 'iquest-lsp' requires a different Python: 3.9.2 not in '>=3.11'", /Python 3\.11/],
  ["a broken cache folder", "NotADirectoryError: [Errno 20] Not a directory: '/home/ann/.cache/iquest-lsp/runtime'", /cache is damaged/],
  ["no venv", "The virtual environment was not created successfully because ensurepip is not available.", /venv/],
  ["no memory", "c++: fatal error: Killed signal terminated program cc1plus", /memory/],
  ["anything else", "something odd", /log says why/],
])("trouble with the set-up is one sentence: %s", (_, said, expected) => {
  const sentence = troubleWith(new Error(`python3 ended with 1: ${said}`));
  expect(sentence).toMatch(expected);
  expect(sentence).not.toContain(said);
});

const models: Models = {
  answers: false,
  models: [
    { name: "nano", path: "", source: "embedded", model: "IQuest LSP nano", architecture: "x", size_bytes: 6e6, verdict: "window of 2048 tokens, f16 cache of 5 MB: all that it reaches", plan: { window: 2048, kv_type: "f16", kv_bytes: 5e6, reason: "all that it reaches" }, problem: "", current: true },
    { name: "bad", path: "", source: "user", model: "", architecture: "", size_bytes: 0, verdict: "", plan: null, problem: "It is no GGUF file", current: false },
  ],
  known: [{ name: "LoopCoder-V2-7B", size_bytes: 4.6e9, memory: { "8192": 5.7e9 } }, { name: "Another-7B", size_bytes: 1, memory: {} }],
  packaged: [{ name: "smollm2", license: "Apache-2.0", size_bytes: 98e6, here: false }],
};

test("three tested models are offered, with what they need, whether that fits, and what they are good for", () => {
  const rows = rowsOf(models, 8e9);
  expect(rows.map((row) => row.label)).toEqual([
    "Installed", "$(check) nano (in use)", "$(error) bad", "Tested", "$(cloud-download) smollm2", "$(info) LoopCoder-V2-7B", "Another one", "A GGUF file …",
  ]);
  expect(rows[1]).toMatchObject({ kind: "use", value: "" });
  expect(rows[1]).toMatchObject({ description: "6.0 MB · window of 2,048 tokens, f16 cache of 5.0 MB" });
  expect(rows[1]?.detail).toMatch(/^Any machine/);
  expect(rows[2]?.detail).toBe("It is no GGUF file");
  expect(rows[4]).toMatchObject({ kind: "add", description: "98.0 MB to fetch · 400 MB at work · fits into 8.0 GB" });
  expect(rows[5]?.description).toContain("5.7 GB at work");
  expect(rowsOf(models, 4e9)[5]).toMatchObject({ label: "$(warning) LoopCoder-V2-7B", description: "more than the 4.0 GB here · 4.6 GB, to be converted · 5.7 GB at work" });
  expect(size(123_456_789)).toBe("123 MB");
});

test("a tested model that is installed is listed once", () => {
  const here = { ...models.models[0]!, name: "smollm2", source: "user", current: false };
  const rows = rowsOf({ ...models, models: [...models.models, here] }, 8e9);
  expect(rows.filter((row) => row.label.includes("smollm2"))).toMatchObject([{ kind: "use", value: "smollm2" }]);
});

test("questions and answers of a chat go along, those without an answer do not", () => {
  const history = [{ prompt: "Why?" }, { response: [{ value: { value: "Because" } }, { value: "x" }] }, { prompt: "And?" }];
  expect(turns(history)).toEqual([{ question: "Why?", answer: "Because" }]);
});

test("a selection is widened to whole lines", () => {
  const document = { lineCount: 4, lineAt: () => ({ range: { end: new Position(3, 5) } }) } as never;
  const widened = (...ends: [number, number, number, number]): unknown => {
    const [a, b, c, d] = ends;
    return wholeLines(document, new Range(new Position(a, b), new Position(c, d)) as never);
  };
  expect(widened(1, 2, 2, 3)).toMatchObject({ start: { line: 1, character: 0 }, end: { line: 3, character: 0 } });
  expect(widened(1, 0, 2, 0)).toMatchObject({ start: { line: 1, character: 0 }, end: { line: 2, character: 0 } });
  expect(widened(3, 1, 3, 4)).toMatchObject({ end: { line: 3, character: 5 } });
});

test("what one of several folders sets for itself is the extension's to follow, and not told", () => {
  const uri = (name: string): object => ({ toString: () => name });
  workspace.workspaceFolders = [{ uri: uri("a") }, { uri: uri("b") }];
  configured.set("maxTokens", { globalValue: 3 });
  configured.set("enable", { globalValue: false });
  configured.set("a enable", { globalValue: false, workspaceFolderValue: true });
  const told = settingsTold(manifest);
  expect(told.settings()).toEqual({ maxTokens: 3 });
  configured.delete("maxTokens");
  expect(told.settings()).toEqual({ maxTokens: null });
  told.forget();
  expect(told.settings()).toEqual({});
});

test("the setting alone decides whether the conversation with the server is traced", () => {
  const lines: string[] = [];
  const log = { logLevel: LogLevel.Info, info: (line: string) => lines.push(line) };
  configured.set("trace.server", { globalValue: "off" });
  const trace = traceInto(log as never);
  const levels: number[] = [];
  trace.onDidChangeLogLevel((level) => levels.push(level));
  expect(trace.logLevel).toBe(LogLevel.Info);
  configured.set("trace.server", { globalValue: "messages" });
  listening.get("configuration")?.({ affectsConfiguration: (name: string) => name === "iquest.trace.server" });
  expect(levels).toEqual([LogLevel.Trace]);
  expect(trace.logLevel).toBe(LogLevel.Trace);
  trace.trace("Sending request");
  expect(lines).toEqual(["Sending request"]);
  trace.dispose();
});
