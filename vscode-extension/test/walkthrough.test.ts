import { expect, test } from "vitest";
import { tickWhenOpened } from "../src/status/walkthrough";
import { executed, listening } from "./fakes/vscode";

test.each<[string, boolean, object, unknown[]]>([
  ["a page is opened while the server runs: the context becomes true after that, and can again", true, {}, [true, false]],
  ["a page is opened while no server runs", false, {}, []],
  ["a file is opened", true, { input: {} }, []],
])("%s", async (_, runs, tab, values) => {
  executed.length = 0;
  tickWhenOpened(() => runs);
  await listening.get("tabs")?.({ opened: [tab], changed: [] });
  expect(executed.map(([command, key, value]) => [command, key, value])).toEqual(values.map((value) => ["setContext", "iquest.runs", value]));
});
