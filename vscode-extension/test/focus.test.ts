import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Focus } from "../src/suggest/focus";
import { listening, window } from "./fakes/vscode";

let told: unknown[];
let focus: Focus;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  focus = new Focus((method, params) => told.push([method, params]));
});

afterEach(() => {
  focus.dispose();
  vi.useRealTimers();
});

function editor(path: string, line: number, scheme = "file"): object {
  const uri = { scheme, toString: () => `${scheme}://${path}` };
  return { document: { uri }, selection: { active: { line, character: 4 } } };
}

function selection(path: string, line: number): void {
  listening.get("selection")?.({ textEditor: editor(path, line) });
}

function said(path: string, line: number): unknown {
  return ["textDocument/didFocus", { textDocument: { uri: `file://${path}` }, position: { line, character: 4 } }];
}

test("another file and a far place are told, what typing moves is not", () => {
  listening.get("active")?.(editor("/a.py", 3));
  vi.runAllTimers();
  for (const line of [4, 5, 10, 18]) selection("/a.py", line);
  vi.runAllTimers();
  expect(told).toEqual([said("/a.py", 3)]);
  selection("/a.py", 200);
  vi.runAllTimers();
  listening.get("active")?.(editor("/b.py", 200));
  vi.runAllTimers();
  expect(told.slice(1)).toEqual([said("/a.py", 200), said("/b.py", 200)]);
});

test("of places that are passed through only the last is told", () => {
  for (const line of [100, 200, 300]) selection("/a.py", line);
  expect(told).toEqual([]);
  vi.runAllTimers();
  expect(told).toEqual([said("/a.py", 300)]);
});

test("what is no file, and no editor at all, is nothing to look at", () => {
  listening.get("active")?.(undefined);
  listening.get("active")?.(editor("/a.py", 1, "git"));
  vi.runAllTimers();
  expect(told).toEqual([]);
});

test("a server that has just started is told where the user is", () => {
  selection("/a.py", 50);
  vi.runAllTimers();
  window.activeTextEditor = editor("/a.py", 52);
  focus.again();
  vi.runAllTimers();
  expect(told).toEqual([said("/a.py", 50), said("/a.py", 52)]);
});

test("nothing is told once it is over", () => {
  selection("/a.py", 50);
  focus.dispose();
  vi.runAllTimers();
  expect(told).toEqual([]);
  expect(listening.size).toBe(0);
});
