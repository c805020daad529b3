import * as vscode from "vscode";
import { commandLink, escape, type Origin } from "../pages/markup";
import { commitLine } from "../pages/parts";
import { reasons, release } from "../pages/whyReport";
import type { Ask } from "../server/ask";
import { WHY, type Why } from "../server/protocol";
import { plural, t } from "../words";
import { rootOf } from "./git";

/** So many steps are shown, the newest ones. */
const MAX_STEPS = 3;
const COMMANDS = ["iquest.showCommit", "iquest.openFile", "iquest.why"];

/** What a line's history says when the mouse, or the keyboard, rests on it: why, since when, and its newest steps. */
export async function hoverAt(ask: Ask, document: vscode.TextDocument, line: number, token: vscode.CancellationToken): Promise<vscode.Hover | undefined> {
  const uri = document.uri.toString();
  const found = await ask<Why>(WHY, { uri, line }, undefined, token).catch(() => undefined); // no history here
  const told = found === undefined ? "" : hoverText(found, { folder: (await rootOf(document.uri)).fsPath }, { uri, line });
  if (told === "") {
    return undefined;
  }
  const text = new vscode.MarkdownString(told);
  text.supportHtml = true; // names as code
  text.isTrusted = { enabledCommands: COMMANDS };
  return new vscode.Hover(text);
}

/** The hover's markdown; empty where there is nothing to tell. */
export function hoverText(found: Why, origin: Origin, place: { uri: string; line: number }): string {
  const newest = found.story.slice(-MAX_STEPS).reverse();
  if (newest.length === 0) {
    return "";
  }
  const steps = newest.map((item, index) => commitLine(index === 0 ? item : { ...item, reason: "" }, origin)); // the newest one's reason
  const left = found.story.length - newest.length;
  const rest = left > 0 ? [`- ${plural(left, "and {0} more", "and {0} more")}`] : [];
  const why = reasons(found, origin).filter((line) => !line.startsWith("## "));
  const page = commandLink(escape(t("Why is this line so?")), "iquest.why", place);
  return [...release(found), ...why, ...steps, ...rest, "", page].join("\n");
}
