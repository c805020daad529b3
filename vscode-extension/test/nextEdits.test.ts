import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NextEdits } from "../src/suggest/nextEdits";
import { applied, executed, listening, window, workspace } from "./fakes/vscode";

const URI = "file:///work/a.py";

interface Fake {
  readonly document: { version: number; readonly uri: object };
  readonly selection: { active: { line: number; character: number } };
  readonly drawn: { renderOptions: { after: { contentText: string } } }[];
}

let editor: Fake & { setDecorations(type: unknown, options: Fake["drawn"]): void };
let answers: object[];
let told: unknown[];
let edits: NextEdits;

function next(line: number, version = 2): object {
  const command = { command: "iquest.nextEditTaken", arguments: [line] };
  const range = { start: { line, character: 0 }, end: { line, character: 3 } };
  return { text: "new", old: "old", range, textDocument: { uri: URI, version }, command, kind: "rename", reason: "why" };
}

beforeEach(() => {
  vi.useFakeTimers();
  const drawn: Fake["drawn"] = [];
  editor = {
    document: { version: 2, uri: { scheme: "file", toString: () => URI } },
    selection: { active: { line: 0, character: 0 } },
    drawn,
    setDecorations: (_, options) => void drawn.splice(0, drawn.length, ...options),
  };
  window.activeTextEditor = editor;
  window.visibleTextEditors = [editor];
  workspace.textDocuments = [editor.document];
  answers = [next(4), next(6)];
  told = [];
  executed.length = 0;
  applied.length = 0;
  const ask = async (): Promise<never> => ({ items: answers }) as never;
  edits = new NextEdits(ask, { notify: (...all) => told.push(all), execute: (...all) => told.push(all) }, () => true);
});

afterEach(() => {
  edits.dispose();
  vi.useRealTimers();
});

async function type(): Promise<void> {
  listening.get("change")?.({ document: editor.document, contentChanges: [{}] });
  await vi.runAllTimersAsync();
}

function keys(): unknown {
  const set = (name: string): unknown => executed.filter((call) => call[1] === `iquest.${name}`).at(-1)?.[2];
  return { shown: set("nextEditShown"), here: set("nextEditHere") };
}

test("one edit is shown, with how many come after it, and the keys mean it only then", async () => {
  await type();
  expect(editor.drawn.map((item) => item.renderOptions.after.contentText)).toEqual(["new   +1 more"]);
  expect(keys()).toEqual({ shown: true, here: false });
  editor.selection.active.line = 4;
  listening.get("selection")?.({});
  expect(keys()).toEqual({ shown: true, here: true });
});

test("taking one tells the server first, and changes its place", async () => {
  await type();
  await edits.take();
  expect(told).toEqual([["iquest.nextEditTaken", [4]]]);
  expect(applied).toEqual([[URI, 4, "new"]]);
  expect(keys()).toEqual({ shown: false, here: false });
});

test("one that is put away gives way to the next", async () => {
  await type();
  edits.dismiss();
  expect(told).toEqual([["iquest/dismissNextEdit", { item: next(4) }]]);
  expect(editor.drawn.map((item) => item.renderOptions.after.contentText)).toEqual(["new"]);
});

test("an answer to an older text is dropped, and an edit made for one is not applied", async () => {
  listening.get("change")?.({ document: editor.document, contentChanges: [{}] });
  await vi.advanceTimersByTimeAsync(149);
  answers = [next(4, 1)];
  await vi.runAllTimersAsync();
  await edits.take();
  expect(applied).toEqual([]);
});

test("typing on takes what was shown off the screen", async () => {
  await type();
  listening.get("change")?.({ document: editor.document, contentChanges: [{}] });
  expect(editor.drawn).toEqual([]);
});
