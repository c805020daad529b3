import type { Answer, EngineStatus } from "../server/protocol";
import type { ServerState } from "../server/server";
import { quietReason } from "../suggest/quiet";
import { number, t } from "../words";
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
  /** When suggestions wake, milliseconds since 1970; undefined while they are awake. */
  readonly asleepUntil?: number | undefined;
  /** The document that is looked at. */
  readonly uri?: string | undefined;
}

/** A command and the words for it. */
export interface Action {
  readonly command: string;
  readonly title: string;
}

/** A figure or a remark, and the action that has more of it. */
export interface Fact {
  readonly text: string;
  /** The text below the action that has more of it; the same where it is not given. */
  readonly brief?: string;
  readonly more: Action;
}

/** A row of the menu behind the item: an action with what is known of it, or a remark. */
export interface MenuRow {
  readonly label: string;
  readonly detail: string;
  readonly command: string;
}

export interface Description {
  readonly kind: "ready" | "busy" | "off" | "warning" | "error";
  /** The item's text: a codicon and a few words. */
  readonly text: string;
  /** One or two sentences: what is the case, and why. */
  readonly explanation: string;
  /** Figures, one a line. */
  readonly facts: readonly Fact[];
  /** What can be done about it, the best first. */
  readonly actions: readonly Action[];
}

const restart = (): Action => ({ command: "iquest.restart", title: t("Restart the server") });
const log = (): Action => ({ command: "iquest.showLog", title: t("Show the log") });
const setUp = (): Action => ({ command: "iquest.setUp", title: t("Set up the language server") });
const pickModel = (): Action => ({ command: "iquest.pickModel", title: t("Choose a model") });
const context = (): Action => ({ command: "iquest.showContext", title: t("Show the context") });
const statistics = (): Action => ({ command: "iquest.statistics", title: t("Show statistics") });
const toggle = (): Action => ({ command: "iquest.toggle", title: t("Switch completions on or off") });
const settings = (): Action => ({ command: "iquest.settings", title: t("Settings") });
const snooze = (): Action => ({ command: "iquest.snooze", title: t("Let suggestions sleep for a while") });
const whyNothing = (): Action => ({ command: "iquest.whyNothing", title: t("Why was nothing suggested here?") });

/** So many of the newest answers decide whether the machine is called slow. */
const ENOUGH_ANSWERS = 5;
const SLOW_FACTOR = 1.5;

/** Puts the situation into words. */
export function describe(situation: Situation): Description {
  return serverTrouble(situation.server) ?? engineTrouble(situation.engine) ?? switchedOff(situation) ?? atWork(situation);
}

/** The rows of the menu: each action with the figures that belong to it, and what belongs to no action that is offered. */
export function menuRows({ actions, facts }: Pick<Description, "actions" | "facts">): MenuRow[] {
  const rows = actions.map(({ title, command }) => ({ label: title, detail: "", command }));
  for (const { text, more, brief = text } of facts) {
    const row = rows.find((one) => one.command === more.command);
    if (row === undefined) {
      rows.push({ label: more.title, detail: brief, command: more.command });
    } else if (row.detail === "") {
      row.detail = brief;
    } else {
      rows.push({ label: `$(info) ${text}`, detail: "", command: more.command }); // a row has one line of it
    }
  }
  return rows;
}

function serverTrouble(server: ServerState): Description | undefined {
  switch (server.kind) {
    case "running":
      return undefined;
    case "stopped":
      return item("off", `$(debug-disconnect) ${t("IQuest stopped")}`, t("The language server is stopped."), [], [restart(), log()]);
    case "missing":
      return item("warning", `$(cloud-download) ${t("IQuest: set up")}`, t("The language server is not installed yet."), [], [setUp(), log()]);
    case "starting":
      return item("busy", `$(loading~spin) ${t("IQuest starting")}`, server.slow ? t("The language server has not answered yet; its log may say why.") : t("The language server is starting."), [], [restart(), log()]);
    case "waiting":
      return item("busy", `$(sync~spin) ${t("IQuest starting again")}`, t("The language server stopped ({0}) and is started again in {1} s.", server.reason, server.seconds), [], [restart(), log()]);
    case "failed":
      return item("error", `$(error) ${t("IQuest: no server")}`, t("The language server cannot be started: {0}.", server.reason), [], [restart(), log(), setUp()]);
  }
}

function engineTrouble(engine: EngineStatus | undefined): Description | undefined {
  switch (engine?.state) {
    case undefined:
    case "stopped":
      return item("busy", `$(loading~spin) ${t("IQuest loading")}`, t("The model is not loaded yet."), [], [log()]);
    case "loading": {
      const percent = Math.round(engine.progress * 100);
      return item("busy", `$(loading~spin) ${t("IQuest loading {0}%", percent)}`, t("The model is being loaded: {0}%.", percent), [], [log()]);
    }
    case "restarting":
      return item("warning", `$(sync~spin) ${t("IQuest loading again")}`, engine.message || t("The engine stopped and is being started again."), [], [log(), pickModel()]);
    case "failed":
      return item("error", `$(error) ${t("IQuest: no model")}`, engine.message || t("The model could not be loaded."), [], [pickModel(), restart(), log()]);
    case "ready":
    case "busy":
    case "warming":
      return undefined;
  }
}

function switchedOff(situation: Situation): Description | undefined {
  if (!situation.enabled) {
    return item("off", `$(circle-slash) ${t("IQuest off")}`, t("Completions are switched off."), facts(situation), [toggle(), statistics()]);
  }
  if (situation.language !== undefined && !situation.languageEnabled) {
    const on: Action = { command: "iquest.toggleLanguage", title: t("Switch completions on for {0}", situation.language) };
    return item("off", `$(circle-slash) ${t("IQuest off for {0}", situation.language)}`, t("Completions are switched off for {0}.", situation.language), facts(situation), [on, statistics()]);
  }
  if (situation.asleepUntil !== undefined) {
    const wake: Action = { command: "iquest.wake", title: t("Wake the suggestions") };
    const until = new Date(situation.asleepUntil).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
    return item("off", `$(bell-slash) ${t("IQuest asleep")}`, t("Suggestions sleep until {0}.", until), facts(situation), [wake, statistics()]);
  }
  return undefined;
}

function atWork(situation: Situation): Description {
  const newest = situation.recent.slice(-ENOUGH_ANSWERS * 2);
  const median = percentile(newest, 0.5) ?? 0;
  if (situation.answer?.finish === "deadline" && situation.answer.empty) {
    return item("busy", `$(flame) ${t("IQuest warming")}`, t("The model is reading the workspace; suggestions come when it has."), facts(situation), [context(), log()]);
  }
  if (situation.engine?.state === "warming") {
    const percent = Math.round(situation.engine.progress * 100);
    const why = t("Ready. The model reads the workspace ahead of your next line: {0}%.", percent);
    return item("busy", `$(flame) ${t("IQuest warming {0}%", percent)}`, why, facts(situation), [context(), log()]);
  }
  if (newest.length >= ENOUGH_ANSWERS && median > situation.deadlineMs * SLOW_FACTOR) {
    const why = t("Half of the last {0} answers took over {1} ms. A smaller model or window is faster.", newest.length, Math.round(median));
    return item("warning", `$(watch) ${t("IQuest slow")}`, why, facts(situation), [pickModel(), context(), statistics()]);
  }
  const { answer } = situation;
  const nothing = answer !== undefined && answer.empty && answer.quiet !== "" && (situation.uri === undefined || answer.uri === situation.uri);
  const none = nothing ? [nothingFact(quietReason(answer.quiet).text)] : [];
  const lines = [...none, ...facts(situation)];
  const actions = [...(nothing ? [whyNothing()] : []), context(), statistics(), pickModel(), snooze(), toggle(), settings(), log()];
  return item("ready", "$(sparkle) IQuest", t("Ready."), lines, actions);
}

function nothingFact(reason: string): Fact {
  return { text: t("Nothing was suggested last: {0}", reason), brief: reason, more: whyNothing() };
}

function facts({ engine, answer, recent }: Situation): Fact[] {
  const lines = engine?.model ? [t("Model: {0}", engine.model), ...(engine.notes ?? [])].map((text) => ({ text, more: pickModel() })) : [];
  if (answer !== undefined && answer.tokens.window > 0) {
    const text =
      answer.source === "cache"
        ? t("Window: {0} tokens; the answer was remembered", count(answer.tokens.window))
        : t("Window: {0} tokens, {1} from the cache", count(answer.tokens.window), count(answer.tokens.reused));
    lines.push({ text, more: context() });
  }
  const last = recent.at(-1);
  if (last !== undefined) {
    lines.push({ text: t("Last answer: {0} ms", Math.round(last)), more: statistics() });
  }
  return lines;
}

function item(
  kind: Description["kind"],
  text: string,
  explanation: string,
  lines: readonly Fact[],
  actions: readonly Action[],
): Description {
  return { kind, text, explanation, facts: lines, actions };
}

/** A number with its thousands set apart. */
export const count = number;
