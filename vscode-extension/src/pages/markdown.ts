/** Reports as markdown. Text from a repository is escaped; commits and files are links to our commands. */

import type { Commit, CommitMessage, DiffExplanation, Reply, Why } from "../server/protocol";

/** Where the paths and commits of a report are to be found. */
export interface Origin {
  /** A folder in the repository. */
  readonly folder: string;
}

/** Text from outside, so that markdown and HTML show it as it is. */
export function escape(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]()#+!|~>-]/g, "\\$&").replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

/** Text from outside in which `code` marks were set by the server. */
export function prose(text: string): string {
  return text
    .split("`")
    .map((piece, index, all) => (index % 2 === 1 && index < all.length - 1 ? code(piece) : escape(piece)))
    .join("");
}

/** A name as code; a backtick in it cannot end it. */
export function code(text: string): string {
  const safe = text.replace(/\s+/g, " ").replace(/[&<>\\`*_{}[\]()#+!|~-]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<code>${safe}</code>`;
}

/** A link that runs one of our commands. */
export function commandLink(text: string, command: string, ...args: unknown[]): string {
  const query = encodeURIComponent(JSON.stringify(args)).replace(/[()']/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `[${text}](command:${command}?${query})`;
}

/** A model's prose: its paragraphs and list items stay, the commits it cites become links. */
export function modelProse(text: string, origin: Origin): string {
  return text
    .split("\n")
    .map((line) => {
      const [, mark = "", rest = ""] = /^\s*([-*]\s+|\d+[.)]\s+)?(.*)$/.exec(line) ?? [];
      return (mark === "" ? "" : "- ") + cited(prose(rest.trim()), origin);
    })
    .join("\n");
}

/** Escaped text in which ids of commits became links. */
function cited(text: string, origin: Origin): string {
  return text.replace(/(?<![\w&#])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}(?!\w)/g, (id) =>
    commandLink(id, "iquest.showCommit", origin.folder, id),
  );
}

/** The least confidence of a file that is expected; the server names others that only likely change along. */
const SURE = 0.3;
/** How many files that are not in a change are named in each list. */
const MAX_EXPECTED = 3;
/** What the server has made sure of in a model's prose. */
const CHECKED = "*Checked: the commits, files and names in it exist. Not checked: whether what it says is true.*";
const NOTHING: DiffExplanation = { summary: "", intent: "", files: [], history: [], missing: [], risks: [], model_text: null };

/** What is known of a change; fields that are not there yet are left out. */
export function diffReport(target: string, known: Partial<DiffExplanation>, origin: Origin): string {
  const found = { ...NOTHING, ...known };
  const lines = [`# ${heading(target)}`, "", prose(found.summary), ""];
  if (found.intent !== "") {
    lines.push(`**Kind of change:** ${found.intent === "change" ? "unknown" : escape(found.intent)}`, "");
  }
  if (found.files.length > 0) {
    lines.push("## Files", "");
    for (const file of found.files) {
      lines.push(`- ${fileLink(file.path, origin, file.status !== "deleted")}: ${escape(file.status)}`);
      lines.push(...file.symbols.map((symbol) => `  - ${escape(symbol.kind)} ${code(symbol.name)}: ${escape(symbol.change)}`));
    }
    lines.push("");
  }
  const openWork = target === "" || target === "--staged";
  const likely = found.missing.filter((item) => item.confidence < SURE && openWork).slice(0, MAX_EXPECTED);
  for (const [title, items] of [
    ["Perhaps missing", found.missing.filter((item) => item.confidence >= SURE).slice(0, MAX_EXPECTED)],
    ["Might also change (weak evidence)", likely],
  ] as const) {
    if (items.length > 0) {
      lines.push(`## ${title}`, "", ...items.map((item) => `- ${fileLink(item.path, origin, true)}: ${prose(item.reason)}`), "");
    }
  }
  if (found.risks.length > 0) {
    lines.push("## Risks", "", ...found.risks.map((risk) => `- ${prose(risk)}`), "");
  }
  if (found.history.length > 0) {
    lines.push("## Related history", "", ...found.history.map((item) => commitLine(item, origin)), "");
  }
  lines.push(...lacks(found.partial));
  // Apart: all before it are facts.
  if (found.model_text !== null && found.model_text !== "") {
    lines.push("## Written by a model", "", CHECKED, "", modelProse(found.model_text, origin), "");
  }
  return lines.join("\n");
}

/** An answer in words, or what there is of it so far. */
export function replyReport(question: string, known: Partial<Reply>, origin: Origin): string {
  const lines = [`# ${escape(question)}`, "", modelProse(known.text ?? "", origin), ""];
  if (known.files !== undefined && known.files.length > 0) {
    lines.push("## Cited files", "", ...known.files.map((file) => `- ${fileLink(file.path, origin, true, file.line ?? 1)}`), "");
  }
  if (known.dropped !== undefined && known.dropped.length > 0) {
    const citations = known.dropped.map((item) => code(item.citation)).join(", ");
    lines.push(`Left out: what cited something that does not exist (${citations}).`, "");
  }
  if (known.model !== undefined && (known.text ?? "").trim() === "") {
    lines.push(`${escape(known.model)} gave no answer to this. Asking in other words, or about an open file, may help.`, "");
  } else if (known.model !== undefined) {
    lines.push(`*Written by ${escape(known.model)} from the files and the history; it may be wrong.*`, "");
  }
  return lines.join("\n");
}

export function whyReport(found: Why, origin: Origin): string {
  const lines = [`# Why ${code(found.target)} is so`, ""];
  if (found.since !== null) {
    lines.push(`In releases since ${escape(found.since)}.`, "");
  }
  if (found.deprecated_in !== null) {
    lines.push(`Marked as deprecated ${found.deprecated_in === "unreleased" ? "in no release tag" : `since ${escape(found.deprecated_in)}`}.`, "");
  }
  if (found.story.length === 0) {
    lines.push("No commit was found that tells of it.", "");
  }
  lines.push(...found.story.map((item) => `${commitLine(item, origin)} (${prose(item.change)})`), "", ...lacks(found.partial));
  return lines.join("\n");
}

/** A message for the box: what somebody wrote there already stays below it. */
export function messageIn(box: string, made: CommitMessage): string {
  const message = made.body === "" ? made.subject : `${made.subject}\n\n${made.body}`;
  return box.trim() === "" || box.trim() === message ? message : `${message}\n\n${box.trim()}`;
}

function heading(target: string): string {
  switch (target) {
    case "":
      return "What the working tree changes";
    case "--staged":
      return "What the staged changes do";
    default:
      return `What ${code(/^[0-9a-f]{40}$/.test(target) ? target.slice(0, 10) : target)} changes`;
  }
}

/** What an answer lacks, in the server's sentences. */
function lacks(sentences: readonly string[] | null | undefined): string[] {
  return sentences === null || sentences === undefined || sentences.length === 0 ? [] : [`*Partial:* ${sentences.map(prose).join("; ")}`, ""];
}

function commitLine(item: Commit, origin: Origin): string {
  const link = commandLink(code(item.commit.slice(0, 10)), "iquest.showCommit", origin.folder, item.commit);
  return `- ${link} ${escape(item.date)} ${escape(item.subject)}: ${prose(item.reason)}`;
}

function fileLink(path: string, origin: Origin, exists: boolean, line?: number): string {
  const label = code(line === undefined ? path : `${path}:${line}`);
  return exists ? commandLink(label, "iquest.openFile", origin.folder, path, ...(line === undefined ? [] : [line])) : label;
}
