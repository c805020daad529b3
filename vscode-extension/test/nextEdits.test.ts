import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NextEdits } from "../src/suggest/nextEdits";
import { applied, executed, listening, shownMessages, window, workspace } from "./fakes/vscode";

const URI = "file:///work/a.py";

type Drawn = { renderOptions: { after: { contentText: string } } }[];

interface Fake {
  readonly document: { version: number; readonly uri: object; lineAt(line: number): object };
  selection: { active: { line: number; character: number } };
  /** The lines on the screen. */
  readonly visibleRanges: [{ start: { line: number }; end: { line: number } }];
  /** The edit that is shown, and what is said at the cursor of one elsewhere. */
  readonly drawn: Drawn;
  readonly said: Drawn;
  setDecorations(type: { options: object }, options: Drawn): void;
  revealRange(range: object): void;
}

let editor: Fake;
let answers: object[];
let places: object[];
let asked: object[];
let shown: unknown[];
let told: unknown[];
let edits: NextEdits;

function next(line: number, version = 2): object {
  const command = { command: "iquest.nextEditTaken", arguments: [line] };
  const range = { start: { line, character: 0 }, end: { line, character: 3 } };
  return { text: "new", old: "old", range, textDocument: { uri: URI, version }, command, kind: "rename", reason: "why" };
}

beforeEach(() => {
  vi.useFakeTimers();
  const [drawn, said]: [Drawn, Drawn] = [[], []];
  editor = {
    document: {
      version: 2, uri: { scheme: "file", toString: () => URI },
      lineAt: (line) => ({ range: { start: { line, character: 0 }, end: { line, character: 9 } } }),
    },
    selection: { active: { line: 0, character: 0 } },
    visibleRanges: [{ start: { line: 0 }, end: { line: 20 } }],
    drawn,
    said,
    setDecorations: ({ options: kind }, options) => {
      const list = "gutterIconPath" in kind ? drawn : said;
      list.splice(0, list.length, ...options);
    },
    revealRange: () => undefined,
  };
  window.activeTextEditor = editor;
  window.visibleTextEditors = [editor];
  workspace.textDocuments = [editor.document];
  answers = [next(4), next(6)];
  told = [];
  executed.length = 0;
  applied.length = 0;
  places = [];
  asked = [];
  shown = [];
  shownMessages.length = 0;
  const ask = async (_: string, params: { places?: true }): Promise<never> => {
    asked.push(params);
    return { items: answers, ...(params.places ? { places } : {}) } as never;
  };
  edits = new NextEdits(
    ask as never,
    { notify: (...all) => told.push(all), execute: (...all) => told.push(all) },
    () => true,
    (found) => shown.push(...found),
  );
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
  expect(editor.drawn.map((item) => item.renderOptions.after.contentText)).toEqual(["new\u00a0\u00a0\u00a0+1 more"]);
  expect(keys()).toEqual({ shown: true, here: false });
  editor.selection.active.line = 4;
  listening.get("selection")?.({ textEditor: editor });
  expect(keys()).toEqual({ shown: true, here: true });
});

test("one that is not on the screen is named at the cursor, with its place", async () => {
  await type();
  expect(editor.said).toEqual([]);
  editor.visibleRanges[0] = { start: { line: 10 }, end: { line: 20 } };
  listening.get("visible")?.({ textEditor: editor });
  expect(editor.said.map((item) => item.renderOptions.after.contentText)).toEqual(["next: a.py:5\u00a0\u00a0\u00a0+1 more"]);
  edits.dismiss();
  edits.dismiss();
  expect(editor.said).toEqual([]);
});

test("one that is taken at the cursor leaves it at the end of the new text", async () => {
  await type();
  editor.selection.active.line = 4;
  await edits.take();
  expect(editor.selection.active).toEqual({ line: 4, character: 3 });
  answers = [next(8)];
  await type();
  await edits.take(); // from elsewhere: the cursor stays
  expect(editor.selection.active).toEqual({ line: 4, character: 3 });
});

test("taking one tells the server first, and changes its place", async () => {
  await type();
  await edits.take();
  expect(told).toEqual([["iquest.nextEditTaken", [4]]]);
  expect(applied).toEqual([[URI, 4, "new"]]);
  expect(keys()).toEqual({ shown: false, here: false });
});

test("two keys that come fast go there and take it, though the editor does not know yet that the cursor is there", async () => {
  await type();
  editor.selection.active.line = 4;
  await edits.go();
  expect(applied).toEqual([[URI, 4, "new"]]);
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

test("what the server found late is there when the cursor moves; without an edit nothing is asked", async () => {
  const move = async (): Promise<void> => {
    listening.get("selection")?.({ textEditor: editor });
    await vi.runAllTimersAsync();
  };
  await move();
  expect(asked).toEqual([]);
  answers = [];
  await type();
  expect(editor.drawn).toEqual([]);
  answers = [next(4)];
  await move();
  expect(editor.drawn).toHaveLength(1);
  expect(asked).toHaveLength(2);
  await move();
  expect(asked).toHaveLength(2); // one is shown
});

test("lines to look at are asked for by the command alone, and shown as lines, not as edits", async () => {
  await type();
  expect(asked.at(-1)).not.toHaveProperty("places");
  answers = [];
  const range = { start: { line: 6, character: 0 }, end: { line: 8, character: 1 } };
  places = [{ range, textDocument: { uri: "file:///work/src/b.py", version: null }, reason: "`area` is gone" }];
  await edits.all();
  expect(shown).toEqual([{ folder: "/work", path: "src/b.py", name: "src/b.py", line: 7, reason: "`area` is gone" }]);
  expect(applied).toEqual([]);
  expect(shownMessages).toEqual([]);
});

test("asked from a page, the text beside it is meant; of two none is", async () => {
  window.activeTextEditor = undefined;
  expect((await edits.found()).edits).toHaveLength(2);
  window.visibleTextEditors = [editor, editor];
  expect((await edits.found()).edits).toEqual([]);
});

test("a change in another document takes away what was shown, and what is next is asked anew", async () => {
  await type();
  const other = { version: 1, uri: { scheme: "file", toString: () => "file:///work/b.py" } };
  listening.get("change")?.({ document: other, contentChanges: [{}] });
  expect(editor.drawn).toEqual([]);
  await vi.runAllTimersAsync();
  expect(asked).toHaveLength(2);
  listening.get("change")?.({ document: { uri: { scheme: "output" } }, contentChanges: [{}] });
  expect(editor.drawn).toHaveLength(1);
});

test("that the edits ask for nothing is said", async () => {
  answers = [];
  await edits.all();
  expect(shownMessages).toEqual(["Your edits ask for nothing elsewhere."]);
});
