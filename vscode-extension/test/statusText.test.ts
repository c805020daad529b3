import { expect, test } from "vitest";
import type { Answer, EngineStatus } from "../src/server/protocol";
import type { ServerState } from "../src/server/server";
import { type Description, describe, menuRows, type Situation } from "../src/status/statusText";
import manifest from "../package.json";

const engine = (state: EngineStatus["state"], progress = 0, message = ""): EngineStatus => ({
  state, progress, message, model: "nano",
});
const answer = (finish: Answer["finish"], empty: boolean): Answer => ({
  uri: "file:///a", version: 1, empty, quiet: empty ? "nothing" : "", finish, source: "model", timings: { total_ms: 80 },
  tokens: { window: 5812, reused: 5790, prefilled: 22 },
});
const situation = (changes: Partial<Situation> = {}): Situation => ({
  server: { kind: "running" }, engine: engine("ready", 1), answer: answer("stop", false), recent: [80],
  deadlineMs: 400, enabled: true, language: "python", languageEnabled: true, ...changes,
});

const facts = (found: Description): string[] => found.facts.map((fact) => fact.text);

test("ready says model, window and the last waiting time", () => {
  const found = describe(situation());
  expect(found.kind).toBe("ready");
  expect(facts(found)).toEqual(["Model: nano", "Window: 5,812 tokens, 5,790 from the cache", "Last answer: 80 ms"]);
});

test("what does not fit of the model stands behind its name", () => {
  const found = describe(situation({ engine: { ...engine("ready", 1), notes: ["The window is cut to 1024 tokens"] } }));
  expect(facts(found).slice(0, 2)).toEqual(["Model: nano", "The window is cut to 1024 tokens"]);
});

test("loading says how far", () => {
  expect(describe(situation({ engine: engine("loading", 0.4) })).text).toContain("40%");
});

test("warming says how far, and that one may type", () => {
  const found = describe(situation({ engine: engine("warming", 0.4) }));
  expect(found.text).toContain("warming 40%");
  expect(found.explanation).toMatch(/^Ready/);
});

test.each<[string, Partial<Situation>, string, string]>([
  ["a server that is not installed", { server: { kind: "missing" } }, "warning", "iquest.setUp"],
  ["a server that cannot be started", { server: { kind: "failed", reason: "no Python" } }, "error", "iquest.restart"],
  ["a model that cannot be loaded", { engine: engine("failed", 0, "The file is damaged.") }, "error", "iquest.pickModel"],
  ["an engine that stopped", { engine: engine("restarting", 0, "It ended with signal 9.") }, "warning", "iquest.showLog"],
  ["completions switched off", { enabled: false }, "off", "iquest.toggle"],
  ["a language switched off", { languageEnabled: false }, "off", "iquest.toggleLanguage"],
  ["a slow machine", { recent: [700, 800, 900, 700, 800] }, "warning", "iquest.pickModel"],
])("%s: the first action is the one that helps", (_, changes, kind, command) => {
  const found = describe(situation(changes));
  expect(found.kind).toBe(kind);
  expect(found.actions[0]?.command).toBe(command);
});

test("the reason of a failure is shown as it came", () => {
  expect(describe(situation({ engine: engine("failed", 0, "The file is damaged.") })).explanation).toBe("The file is damaged.");
});

test("an answer cut off by the deadline with nothing to show means warming", () => {
  expect(describe(situation({ answer: answer("deadline", true) })).text).toContain("warming");
  expect(describe(situation({ answer: answer("deadline", false) })).kind).toBe("ready");
});

test("one slow answer does not make a slow machine", () => {
  expect(describe(situation({ recent: [80, 80, 5000, 80, 80] })).kind).toBe("ready");
  expect(describe(situation({ recent: [5000] })).kind).toBe("ready");
});

test("the server's trouble comes before the engine's, the engine's before the switches", () => {
  const dead: ServerState = { kind: "waiting", seconds: 4, reason: "it ended" };
  expect(describe(situation({ server: dead, engine: engine("failed"), enabled: false })).explanation).toContain("in 4 s");
  expect(describe(situation({ engine: engine("failed", 0, "broken"), enabled: false })).explanation).toBe("broken");
});

test("every action is a command of the manifest", () => {
  const known = new Set(manifest.contributes.commands.map((item) => item.command));
  const servers: ServerState[] = [
    { kind: "stopped" }, { kind: "missing" }, { kind: "starting", slow: false }, { kind: "starting", slow: true }, { kind: "running" },
    { kind: "waiting", seconds: 1, reason: "" }, { kind: "failed", reason: "" },
  ];
  const engines = (["stopped", "loading", "ready", "busy", "restarting", "failed"] as const).map((state) => engine(state));
  for (const server of servers) {
    for (const now of [undefined, ...engines]) {
      for (const enabled of [true, false]) {
        const found = describe(situation({ server, engine: now, enabled }));
        expect(found.actions.length).toBeGreaterThan(0);
        found.actions.forEach((action) => expect(known).toContain(action.command));
      }
    }
  }
});

test("asleep says until when, and the first action wakes", () => {
  const found = describe(situation({ asleepUntil: Date.now() + 60_000 }));
  expect(found.kind).toBe("off");
  expect(found.text).toContain("asleep");
  expect(found.actions[0]?.command).toBe("iquest.wake");
});

test("why nothing was suggested is told for the file that is looked at, first of all", () => {
  const nothing = situation({ answer: answer("stop", true), uri: "file:///a" });
  expect(facts(describe(nothing))[0]).toBe("Nothing was suggested last: The model had nothing to add here.");
  expect(describe(nothing).actions[0]?.command).toBe("iquest.whyNothing");
  expect(describe({ ...nothing, uri: "file:///b" }).actions[0]?.command).not.toBe("iquest.whyNothing");
});

test("in the menu each figure stands below the action that has more of it, once", () => {
  const rows = menuRows(describe(situation({ answer: answer("stop", true), uri: "file:///a", engine: { ...engine("ready", 1), notes: ["The window is cut to 1024 tokens"] } })));
  const detail = (command: string): string[] => rows.filter((row) => row.command === command).map((row) => row.detail || row.label);
  expect(detail("iquest.whyNothing")).toEqual(["The model had nothing to add here."]);
  expect(detail("iquest.showContext")).toEqual(["Window: 5,812 tokens, 5,790 from the cache"]);
  expect(detail("iquest.statistics")).toEqual(["Last answer: 80 ms"]);
  expect(detail("iquest.pickModel")).toEqual(["Model: nano", "$(info) The window is cut to 1024 tokens"]);
  const off = menuRows(describe(situation({ enabled: false })));
  expect(off.find((row) => row.command === "iquest.pickModel")).toEqual({ label: "Choose a model", detail: "Model: nano", command: "iquest.pickModel" });
});

test("settings and log are in the menu", () => {
  expect(describe(situation()).actions.map((action) => action.command)).toEqual(expect.arrayContaining(["iquest.settings", "iquest.showLog", "iquest.snooze"]));
});

test("of a remembered answer nothing is said of the cache", () => {
  const remembered = { ...answer("stop", false), source: "cache", tokens: { window: 5812, reused: 0, prefilled: 0 } } as const;
  expect(facts(describe(situation({ answer: remembered })))[1]).toBe("Window: 5,812 tokens; the answer was remembered");
});

test("every state has a sign or words of its own: nobody needs to see colours", () => {
  const states = [
    situation(),
    situation({ server: { kind: "stopped" } }), situation({ server: { kind: "missing" } }), situation({ server: { kind: "starting", slow: false } }),
    situation({ server: { kind: "waiting", reason: "signal 9", seconds: 2 } }), situation({ server: { kind: "failed", reason: "" } }),
    situation({ engine: engine("stopped") }), situation({ engine: engine("loading") }), situation({ engine: engine("restarting") }),
    situation({ engine: engine("failed") }), situation({ engine: engine("warming") }),
    situation({ enabled: false }), situation({ languageEnabled: false, language: "python" }), situation({ asleepUntil: Date.now() + 60_000 }),
    situation({ recent: [700, 800, 900, 700, 800] }), situation({ answer: answer("deadline", true) }),
  ];
  const texts = states.map((one) => describe(one).text);
  expect(new Set(texts).size).toBe(states.length);
});
