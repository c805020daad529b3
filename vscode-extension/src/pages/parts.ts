/** Parts that several pages have: commits, callers and tests, what an answer lacks. */

import type { Commit, Impact } from "../server/protocol";
import { number, plural, t } from "../words";
import { commitLink, escape, fileLink, type Origin, prose } from "./markup";

/** Who wrote commits, by their full ids. */
export type Authors = ReadonlyMap<string, string>;

/** So many places of one kind are listed. */
const MAX_PLACES = 8;

/** A commit, its day, its author where that is known, its subject, and why it matters where that says more. */
export function commitLine(item: Commit, origin: Origin, authors: Authors = new Map()): string {
  const author = authors.get(item.commit);
  const by = author === undefined ? "" : `, ${escape(author)}`;
  const reason = same(item.reason, item.subject) ? "" : `: ${prose(item.reason)}`;
  return `- ${commitLink(item.commit, origin)} ${escape(item.date)}${by} — **${escape(item.subject)}**${reason}`;
}

/** Whether a text says no more than another one. */
export function same(one: string, other: string): boolean {
  const bare = (text: string): string => text.replace(/[\s`.…]+/g, " ").trim().toLowerCase();
  return bare(one) === bare(other) || bare(one) === "";
}

/** What else must change, by its kind: who calls it, which tests are about it, where it is written of. */
export function impactParts(impact: Impact | undefined, origin: Origin): string[] {
  const lines: string[] = [];
  for (const [title, kinds] of [
    [t("Callers"), ["caller"]],
    [t("Tests"), ["test"]],
    [t("Documentation and configuration"), ["docs", "ci", "config"]],
    [t("Usually changed along"), ["cochange"]],
  ] as const) {
    const items = (impact?.items ?? []).filter((item) => (kinds as readonly string[]).includes(item.kind));
    if (items.length > 0) {
      lines.push(`## ${title} (${number(items.length)})`, "");
      lines.push(...items.slice(0, MAX_PLACES).map((item) => `- ${fileLink(item.path, origin, true, item.kind === "cochange" ? undefined : item.line)}: ${prose(item.reason)}`));
      lines.push(...more(items.length - MAX_PLACES), "");
    }
  }
  return lines;
}

/** That there are more than are listed. */
export function more(count: number): string[] {
  return count > 0 ? [`- ${plural(count, "and {0} more", "and {0} more")}`] : [];
}

/** What an answer lacks, in the server's sentences. */
export function lacks(sentences: readonly string[] | null | undefined): string[] {
  if (sentences === null || sentences === undefined || sentences.length === 0) {
    return [];
  }
  return [`*${t("Partial:")}* ${sentences.map(prose).join("; ")}`, ""];
}
