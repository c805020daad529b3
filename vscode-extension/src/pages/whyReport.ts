/** Why a place is as it is, what else must change with it, and what may have broken it, as pages. */

import type { Impact, Suspects, Why } from "../server/protocol";
import { t } from "../words";
import { code, commandLink, escape, type Origin, prose } from "./markup";
import { type Authors, commitLine, impactParts, lacks } from "./parts";

/** The place asked about; line from 0. */
export interface Place {
  readonly uri: string;
  readonly line: number;
}

export function whyReport(found: Why, origin: Origin, beside: { authors?: Authors; impact?: Impact | undefined; place?: Place } = {}): string {
  const lines = [`# ${t("Why {0} is so", code(found.target))}`, "", ...release(found), ...reasons(found, origin)];
  if (found.story.length === 0) {
    lines.push(t("No commit was found that tells of it."), "");
  } else {
    lines.push(`## ${t("How it came to be")}`, "");
  }
  lines.push(...found.story.map((item) => `${commitLine(item, origin, beside.authors)} (${prose(item.change)})`), "");
  lines.push(...impactParts(beside.impact, origin), ...lacks(found.partial));
  if (beside.place !== undefined) {
    lines.push(commandLink(t("Which change may have broken it?"), "iquest.suspects", beside.place), "");
  }
  return lines.join("\n");
}

/** Since when it is there, and what of it is deprecated. */
export function release(found: Why): string[] {
  const lines: string[] = [];
  if (found.since !== null) {
    lines.push(t("In releases since {0}.", escape(found.since)), "");
  }
  if (found.deprecated_in === "unreleased") {
    lines.push(t("Marked as deprecated in no release tag."), "");
  } else if (found.deprecated_in !== null) {
    lines.push(t("Marked as deprecated since {0}.", escape(found.deprecated_in)), "");
  }
  for (const { name, since } of found.deprecated_parts ?? []) {
    const told = since === null ? t("The parameter {0} is deprecated.", code(name)) : t("The parameter {0} is deprecated since {1}.", code(name), escape(since));
    lines.push(told, "");
  }
  return lines;
}

/** What messages, changelogs, docstrings and issues say of it, each with its source. */
export function reasons(found: Why, origin: Origin): string[] {
  const told = (found.reasons ?? []).map((reason) => `> ${prose(reason.text)}\n>\n> — ${source(reason.kind, reason.source, origin)}\n`);
  return told.length === 0 ? [] : [`## ${t("Reasons")}`, "", ...told];
}

function source(kind: string, place: string, origin: Origin): string {
  const words: Readonly<Record<string, string>> = {
    message: t("commit message"), changelog: t("changelog"), docstring: t("docstring"), issue: t("issue"),
  };
  const [, path = "", line = ""] = /^(.+):(\d+)$/.exec(place) ?? [];
  const link = /^[0-9a-f]{7,40}$/.test(place)
    ? commandLink(code(place.slice(0, 10)), "iquest.showCommit", origin.folder, place)
    : path === ""
      ? escape(place)
      : commandLink(code(place), "iquest.openFile", origin.folder, path, Number(line));
  return `${words[kind] ?? escape(kind)}, ${link}`;
}

export function impactReport(found: Impact, origin: Origin): string {
  const parts = impactParts(found, origin);
  const nothing = parts.length === 0 ? [t("Nothing else is known to change with it."), ""] : [];
  return [`# ${t("What else changes with {0}", code(found.target))}`, "", ...nothing, ...parts, ...lacks(found.partial)].join("\n");
}

export function suspectsReport(place: string, found: Suspects, origin: Origin, authors: Authors = new Map()): string {
  const lines = [`# ${t("Which change may have broken {0}", code(place))}`, ""];
  if (found.items.length === 0) {
    lines.push(t("No recent change is suspect."), "");
  } else {
    lines.push(t("The likeliest first. The figure is how likely each is among these, from 0 to 1."), "");
  }
  for (const item of found.items) {
    lines.push(`${commitLine(item, origin, authors)} (${item.score.toFixed(2)})`);
  }
  return [...lines, "", ...lacks(found.partial)].join("\n");
}
