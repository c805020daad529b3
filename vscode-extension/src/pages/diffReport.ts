/** What a change does, as a page. */

import type { CommitMessage, DiffExplanation, Impact } from "../server/protocol";
import { t } from "../words";
import { type AskedFor, askedForParts } from "./askedFor";
import { code, commitLink, escape, fileLink, modelProse, type Origin, placeLink, prose, withPlaces } from "./markup";
import { type Authors, commitLine, impactParts, lacks } from "./parts";

/** The commit that is explained, where it is one. */
export interface Explained {
  readonly commit: string;
  readonly author: string;
  readonly date: string;
  readonly subject: string;
}

/** What is known beside the explanation itself; each comes when it comes. */
export interface Beside {
  readonly commit?: Explained | undefined;
  readonly authors?: Authors | undefined;
  readonly impact?: Impact | undefined;
  readonly askedFor?: AskedFor | undefined;
  /** The file that alone is explained. */
  readonly only?: string | undefined;
}

/** The least confidence of a file that is expected; the server names others that only likely change along. */
const SURE = 0.3;
/** How many files that are not in a change are named in each list. */
const MAX_EXPECTED = 3;
const NOTHING: DiffExplanation = { summary: "", intent: "", files: [], history: [], missing: [], risks: [], model_text: null };

/** What is known of a change; fields that are not there yet are left out. */
export function diffReport(target: string, known: Partial<DiffExplanation>, origin: Origin, beside: Beside = {}): string {
  const found = { ...NOTHING, ...known };
  const lines = [`# ${heading(target, beside.only)}`, ""];
  if (beside.commit !== undefined) {
    const { author, date, commit, subject } = beside.commit;
    lines.push(`**${escape(subject)}**`, "", `${escape(author)}, ${escape(date)}, ${commitLink(commit, origin)}`, "");
  }
  lines.push(prose(withoutSubject(found.summary, beside.commit?.subject)), "");
  if (found.intent !== "" && found.intent !== "change") {
    lines.push(`**${t("Kind of change:")}** ${escape(intentWords(found.intent))}`, "");
  }
  lines.push(...files(found, origin));
  const openWork = target === "" || target === "--staged";
  const likely = found.missing.filter((item) => item.confidence < SURE && openWork).slice(0, MAX_EXPECTED);
  for (const [title, items] of [
    [t("Perhaps missing"), found.missing.filter((item) => item.confidence >= SURE).slice(0, MAX_EXPECTED)],
    [t("Might also change (weak evidence)"), likely],
  ] as const) {
    if (items.length > 0) {
      lines.push(`## ${title}`, "", ...items.map((item) => `- ${fileLink(item.path, origin)}: ${prose(item.reason)}`), "");
    }
  }
  if (found.risks.length > 0) {
    const paths = new Set((found.remarks ?? []).map((remark) => remark.path));
    lines.push(`## ${t("Risks")}`, "", ...found.risks.map((risk) => `- ${withPlaces(risk, paths, origin)}`), "");
  }
  lines.push(...askedForParts(beside.askedFor), ...impactParts(beside.impact, origin));
  if (found.history.length > 0) {
    lines.push(`## ${t("Related history")}`, "", ...found.history.map((item) => commitLine(item, origin, beside.authors)), "");
  }
  lines.push(...lacks(found.partial));
  // Apart: all before it are facts.
  if (found.model_text !== null && found.model_text !== "") {
    const checked = t("Checked: the commits, files and names in it exist. Not checked: whether what it says is true.");
    lines.push(`## ${t("Written by a model")}`, "", `*${checked}*`, "", modelProse(found.model_text, origin), "");
  }
  return lines.join("\n");
}

/** A message for the box: what somebody wrote there already stays below it. */
export function messageIn(box: string, made: CommitMessage): string {
  const message = made.body === "" ? made.subject : `${made.subject}\n\n${made.body}`;
  return box.trim() === "" || box.trim() === message ? message : `${message}\n\n${box.trim()}`;
}

function files(found: DiffExplanation, origin: Origin): string[] {
  if (found.files.length === 0) {
    return [];
  }
  const lines = new Map((found.places ?? []).map((place) => [`${place.path}::${place.name}`, place.line]));
  const told = found.files.flatMap((file) => {
    const exists = file.status !== "deleted";
    return [
      `- ${fileLink(file.path, origin, exists)}: ${escape(statusWords(file.status))}`,
      ...file.symbols.map((symbol) => {
        const line = lines.get(`${file.path}::${symbol.name}`);
        const name = placeLink(symbol.name, file.path, origin, exists && line !== undefined, line);
        return `  - ${escape(symbol.kind)} ${name}: ${escape(changeWords(symbol.change))}`;
      }),
    ];
  });
  return [`## ${t("Files")}`, "", ...told, ""];
}

/** The server's summary of a commit begins with its subject, which stands above it already. */
function withoutSubject(summary: string, subject: string | undefined): string {
  const bare = subject?.replace(/\.$/, "");
  return bare !== undefined && bare !== "" && summary.startsWith(bare) ? summary.slice(bare.length).replace(/^[.:\s]+/, "") : summary;
}

function heading(target: string, only: string | undefined): string {
  if (only !== undefined) {
    return t("What the changes in {0} do", code(only));
  }
  switch (target) {
    case "":
      return t("What the working tree changes");
    case "--staged":
      return t("What the staged changes do");
    default:
      return t("What {0} changes", code(/^[0-9a-f]{40}$/.test(target) ? target.slice(0, 10) : target));
  }
}

function statusWords(status: string): string {
  const words: Readonly<Record<string, string>> = {
    added: t("added"), modified: t("modified"), deleted: t("deleted"), renamed: t("renamed"), copied: t("copied"),
    "type-changed": t("of another type"), conflicted: t("in conflict"),
  };
  return words[status] ?? status;
}

function changeWords(change: string): string {
  const words: Readonly<Record<string, string>> = {
    added: t("added"), removed: t("removed"), renamed: t("renamed"), moved: t("moved"), signature: t("signature changed"),
    body: t("body changed"), doc: t("documentation changed"), test: t("test changed"), "format-only": t("only formatting changed"),
  };
  return words[change] ?? change;
}

function intentWords(intent: string): string {
  const words: Readonly<Record<string, string>> = {
    fix: t("fix"), feature: t("feature"), refactor: t("refactoring"), docs: t("documentation"), test: t("tests"),
  };
  return words[intent] ?? intent;
}
