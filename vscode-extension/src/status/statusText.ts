import type { Answer, EngineStatus } from "../server/protocol";
import type { ServerState } from "../server/server";
import { percentile } from "./statistics";

/** Everything the status item depends on. */
export interface Situation {
  readonly server: ServerState;
  readonly engine: EngineStatus | undefined;
  readonly answer: Answer | undefined;
  /** Waiting times of the newest answers, milliseconds. */
  readonly recent: readonly number[];
  readonly deadlineMs: number;
  readonly enabled: boolean;
  readonly language: string | undefined;
  readonly languageEnabled: boolean;
}

/** A command and the words for it. */
export interface Action {
  readonly command: string;
  readonly title: string;
}

export interface Description {
  readonly kind: "ready" | "busy" | "off" | "warning" | "error";
  /** The item's text: a codicon and a few words. */
  readonly text: string;
  /** One or two sentences: what is the case, and why. */
  readonly explanation: string;
  /** Figures, one a line. */
  readonly facts: readonly string[];
  /** What can be done about it, the best first. */
  readonly actions: readonly Action[];
}

const RESTART: Action = { command: "iquest.restart", title: "Restart the server" };
const LOG: Action = { command: "iquest.showLog", title: "Show the log" };
const SET_UP: Action = { command: "iquest.setUp", title: "Set up the language server" };
const PICK_MODEL: Action = { command: "iquest.pickModel", title: "Choose a model" };
const CONTEXT: Action = { command: "iquest.showContext", title: "Show the context" };
const STATISTICS: Action = { command: "iquest.statistics", title: "Show statistics" };
const TOGGLE: Action = { command: "iquest.toggle", title: "Switch completions on or off" };

/** So many of the newest answers decide whether the machine is called slow. */
const ENOUGH_ANSWERS = 5;
const SLOW_FACTOR = 1.5;

/** Puts the situation into words. */
export function describe(situation: Situation): Description {
  return serverTrouble(situation.server) ?? engineTrouble(situation.engine) ?? switchedOff(situation) ?? atWork(situation);
}

function serverTrouble(server: ServerState): Description | undefined {
  switch (server.kind) {
    case "running":
      return undefined;
    case "stopped":
      return item("off", "$(circle-slash) IQuest", "The language server is stopped.", [], [RESTART, LOG]);
    case "missing":
      return item("warning", "$(cloud-download) IQuest: set up", "The language server is not installed yet.", [], [SET_UP, LOG]);
    case "starting":
      return item("busy", "$(loading~spin) IQuest", "The language server is starting.", [], [LOG]);
    case "waiting":
      return item("busy", "$(loading~spin) IQuest", `The language server stopped (${server.reason}) and is started again in ${server.seconds} s.`, [], [RESTART, LOG]);
    case "failed":
      return item("error", "$(error) IQuest", `The language server cannot be started: ${server.reason}.`, [], [RESTART, LOG, SET_UP]);
  }
}

function engineTrouble(engine: EngineStatus | undefined): Description | undefined {
  switch (engine?.state) {
    case undefined:
    case "stopped":
      return item("busy", "$(loading~spin) IQuest", "The model is not loaded yet.", [], [LOG]);
    case "loading": {
      const percent = Math.round(engine.progress * 100);
      return item("busy", `$(loading~spin) IQuest ${percent}%`, `The model is being loaded: ${percent}%.`, [], [LOG]);
    }
    case "restarting":
      return item("warning", "$(sync~spin) IQuest", engine.message || "The engine stopped and is being started again.", [], [LOG, PICK_MODEL]);
    case "failed":
      return item("error", "$(error) IQuest", engine.message || "The model could not be loaded.", [], [PICK_MODEL, RESTART, LOG]);
    case "ready":
    case "busy":
    case "warming":
      return undefined;
  }
}

function switchedOff(situation: Situation): Description | undefined {
  if (!situation.enabled) {
    return item("off", "$(circle-slash) IQuest", "Completions are switched off.", facts(situation), [TOGGLE, STATISTICS]);
  }
  if (situation.language !== undefined && !situation.languageEnabled) {
    const on: Action = { command: "iquest.toggleLanguage", title: `Switch completions on for ${situation.language}` };
    return item("off", "$(circle-slash) IQuest", `Completions are switched off for ${situation.language}.`, facts(situation), [on, STATISTICS]);
  }
  return undefined;
}

function atWork(situation: Situation): Description {
  const newest = situation.recent.slice(-ENOUGH_ANSWERS * 2);
  const median = percentile(newest, 0.5) ?? 0;
  if (situation.answer?.finish === "deadline" && situation.answer.empty) {
    return item("busy", "$(flame) IQuest warming", "The model is reading the workspace; suggestions come when it has.", facts(situation), [CONTEXT, LOG]);
  }
  if (situation.engine?.state === "warming") {
    const percent = Math.round(situation.engine.progress * 100);
    const why = `Ready. The model reads the workspace ahead of your next line: ${percent}%.`;
    return item("busy", `$(flame) IQuest warming ${percent}%`, why, facts(situation), [CONTEXT, LOG]);
  }
  if (newest.length >= ENOUGH_ANSWERS && median > situation.deadlineMs * SLOW_FACTOR) {
    const why = `Half of the last ${newest.length} answers took over ${Math.round(median)} ms. A smaller model or window is faster.`;
    return item("warning", "$(watch) IQuest slow", why, facts(situation), [PICK_MODEL, CONTEXT, STATISTICS]);
  }
  return item("ready", "$(sparkle) IQuest", "Ready.", facts(situation), [CONTEXT, STATISTICS, PICK_MODEL, TOGGLE]);
}

function facts(situation: Situation): string[] {
  const lines = situation.engine?.model ? [`Model: ${situation.engine.model}`] : [];
  const answer = situation.answer;
  if (answer !== undefined && answer.tokens.window > 0) {
    lines.push(`Window: ${count(answer.tokens.window)} tokens, ${count(answer.tokens.reused)} of them from the cache`);
  }
  const last = situation.recent.at(-1);
  if (last !== undefined) {
    lines.push(`Last answer: ${Math.round(last)} ms`);
  }
  return lines;
}

function item(
  kind: Description["kind"],
  text: string,
  explanation: string,
  lines: readonly string[],
  actions: readonly Action[],
): Description {
  return { kind, text, explanation, facts: lines, actions };
}

/** A number with its thousands set apart. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}
