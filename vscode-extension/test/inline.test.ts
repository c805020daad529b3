import { beforeEach, expect, test } from "vitest";
import type * as vscode from "vscode";
import { alternatives } from "../src/suggest/alternatives";
import { ACCEPTED, InlineCompletions } from "../src/suggest/inline";
import { Statistics } from "../src/status/statistics";
import { InlineCompletionItem, Position } from "./fakes/vscode";

const store = { get: () => undefined, update: async () => undefined };
const context = {} as vscode.InlineCompletionContext;
let on = true;
let version = 1;
let told = 0;
let shown: unknown[] = [];
let now = 0;
let statistics: Statistics;
let inline: InlineCompletions;

const document = {
  uri: { toString: () => "file:///a.py" },
  get version() {
    return version;
  },
  offsetAt: (position: vscode.Position) => position.character,
} as vscode.TextDocument;

beforeEach(() => {
  on = true;
  version = 1;
  told = 0;
  now = 0;
  statistics = new Statistics(store);
  shown = [];
  inline = new InlineCompletions({ on: () => on }, statistics, () => told++, (command) => shown.push(command.arguments?.[0]), () => now);
});

type Answer = () => InlineCompletionItem[] | { items: InlineCompletionItem[] } | undefined;

async function suggest(answer: Answer, cancelled = false, character = 4): Promise<InlineCompletionItem[]> {
  const token = { isCancellationRequested: cancelled } as vscode.CancellationToken;
  const next = async (): Promise<never> => {
    now += 50;
    return answer() as never;
  };
  const position = new Position(0, character) as vscode.Position;
  return (await inline.provide(document, position, context, token, next)) as unknown as InlineCompletionItem[];
}

test("a suggestion is passed on with its range and counts when it is accepted", async () => {
  const range = { start: 4, end: 4 };
  const [item] = await suggest(() => [new InlineCompletionItem("width", range)]);
  expect(item).toMatchObject({ insertText: "width", range, command: { command: ACCEPTED, arguments: [5] } });
  expect(statistics.snapshot).toMatchObject({ shown: 1, latencies: [50] });
  expect(told).toBe(1);
});

test("the server is told what is shown, and its command goes along for when it is accepted", async () => {
  const command = { title: "count", command: "iquest.accepted", arguments: [7] };
  const [item] = await suggest(() => [new InlineCompletionItem("width", undefined, command)]);
  expect(shown).toEqual([7]);
  expect(item?.command?.arguments).toEqual([5, command]);
});

test("switched off means that the server is not even asked", async () => {
  on = false;
  expect(await suggest(() => expect.unreachable())).toEqual([]);
  expect(statistics.snapshot.latencies).toEqual([]);
});

test("a withdrawn request is no answer", async () => {
  expect(await suggest(() => [new InlineCompletionItem("late")], true)).toEqual([]);
  expect(statistics.snapshot).toMatchObject({ shown: 0, cancelled: 1, latencies: [] });
});

test("a failed request is counted and reported on", async () => {
  const fail: Answer = () => {
    throw new Error("broken");
  };
  await expect(suggest(fail)).rejects.toThrow("broken");
  expect(statistics.snapshot.failed).toBe(1);
  await expect(suggest(fail, true)).rejects.toThrow("broken");
  expect(statistics.snapshot).toMatchObject({ failed: 1, cancelled: 1 });
});

test("no suggestion is an answer too", async () => {
  expect(await suggest(() => undefined)).toEqual([]);
  expect(await suggest(() => ({ items: [] }))).toEqual([]);
  expect(statistics.snapshot).toMatchObject({ empty: 2, shown: 0 });
});

test("asking for more at the same place keeps what was offered before", async () => {
  await suggest(() => [new InlineCompletionItem("line")]);
  const both = await suggest(() => ({ items: [new InlineCompletionItem("line\nblock")] }));
  expect(both.map((item) => item.insertText)).toEqual(["line", "line\nblock"]);
  version = 2;
  const fresh = await suggest(() => [new InlineCompletionItem("other")]);
  expect(fresh.map((item) => item.insertText)).toEqual(["other"]);
});

test("alternatives are of one place in one version, without repetition", () => {
  const offer = { uri: "a", version: 1, offset: 4, texts: ["x", "y"] };
  expect(alternatives(offer, { ...offer, texts: ["y", "z"] })).toEqual(["x", "y", "z"]);
  for (const change of [{ uri: "b" }, { version: 2 }, { offset: 5 }]) {
    expect(alternatives(offer, { ...offer, ...change, texts: ["y"] })).toEqual(["y"]);
  }
  expect(alternatives(undefined, offer)).toEqual(["x", "y"]);
});
