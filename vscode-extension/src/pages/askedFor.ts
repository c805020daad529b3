/** What edits ask for elsewhere, as parts of pages. */

import type { NextEdit } from "../server/protocol";
import { number, t } from "../words";
import { code, commandLink, placeLink, prose } from "./markup";
import { more } from "./parts";

/** A line at which a change is asked for, but not which one; lines from 1. */
export interface ToLookAt {
  /** The workspace's folder, and the path in it. */
  readonly folder: string;
  readonly path: string;
  /** How the editor names the file. */
  readonly name: string;
  readonly line: number;
  readonly reason: string;
}

export interface AskedFor {
  readonly edits: readonly NextEdit[];
  readonly places: readonly ToLookAt[];
}

/** So many edits, and so many lines to look at, stand on the page of a change. */
const MAX_EDITS = 5;
const MAX_PLACES = 8;

/** Both for the page of a change; a click shows all of them. */
export function askedForParts(found: AskedFor | undefined): string[] {
  const { edits, places } = found ?? { edits: [], places: [] };
  if (edits.length === 0) {
    return toLookAtParts(places, MAX_PLACES);
  }
  const shown = edits.slice(0, MAX_EDITS).map((item) => `- ${code(item.old.trim())} → ${code(item.text.trim())}: ${prose(item.reason)}`);
  const all = commandLink(t("Look at all of them"), "iquest.allNextEdits");
  const told = [`## ${t("Next edits")} (${number(edits.length)})`, "", ...shown, ...more(edits.length - MAX_EDITS), "", all, ""];
  return [...told, ...toLookAtParts(places, MAX_PLACES)];
}

/** A page of lines to look at alone. */
export function toLookAtReport(places: readonly ToLookAt[]): string {
  return [`# ${t("What your edits ask for elsewhere")}`, "", ...toLookAtParts(places, places.length)].join("\n");
}

function toLookAtParts(places: readonly ToLookAt[], most: number): string[] {
  if (places.length === 0) {
    return [];
  }
  const shown = places.slice(0, most).map((item) => `- ${placeLink(`${item.name}:${item.line}`, item.path, item, true, item.line)}: ${prose(item.reason)}`);
  return [
    `## ${t("To look at")} (${number(places.length)})`, "",
    t("These lines may have to change as well. What to write there cannot be told."), "",
    ...shown, ...more(places.length - most), "",
  ];
}
