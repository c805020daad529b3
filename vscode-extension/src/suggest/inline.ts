import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient";
import { t } from "../words";
import { alternatives, type Offer } from "./alternatives";
import type { Statistics } from "../status/statistics";

/** The command that a suggestion runs when it was accepted whole. */
export const ACCEPTED = "iquest.internal.accepted";

type Next = Parameters<NonNullable<Middleware["provideInlineCompletionItems"]>>[4];

/** What decides whether a document gets completions at all. */
export interface Switches {
  /** `invoked`: by key, not by typing. */
  on(document: vscode.TextDocument, invoked: boolean): boolean;
}

/** Stands between the editor and the server: switches, counts, and offers what was suggested before as well. */
export class InlineCompletions {
  private last: Offer | undefined;
  /** What the server wants to be told when a text is accepted. */
  private commands: ReadonlyMap<string, vscode.Command | undefined> = new Map();

  constructor(
    private readonly switches: Switches,
    private readonly statistics: Statistics,
    private readonly answered: () => void,
    private readonly shown: (told: vscode.Command) => void = () => undefined,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** What was offered before is not offered again: the user asks for a suggestion of its own. */
  askAnew(): void {
    this.last = undefined;
  }

  /** The client's middleware for inline completions. */
  async provide(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
    next: Next,
  ): Promise<vscode.InlineCompletionItem[]> {
    if (!this.switches.on(document, context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke)) {
      return [];
    }
    const place = { uri: document.uri.toString(), version: document.version, offset: document.offsetAt(position) };
    const begin = this.clock();
    let items: vscode.InlineCompletionItem[];
    try {
      const found = await next(document, position, context, token);
      items = Array.isArray(found) ? found : (found?.items ?? []);
    } catch (error) {
      this.statistics[token.isCancellationRequested ? "cancelled" : "failed"]();
      throw error;
    }
    if (token.isCancellationRequested) {
      this.statistics.cancelled();
      return [];
    }
    const first = items[0];
    this.statistics.answered(this.clock() - begin, place.uri, place.offset, first && text(first));
    this.answered();
    if (first === undefined) {
      return [];
    }
    const offer = { ...place, texts: items.map(text) };
    const texts = alternatives(this.last, offer);
    this.last = { ...offer, texts };
    const now = new Map(items.map((item) => [text(item), item.command]));
    this.commands = new Map(texts.map((insert) => [insert, now.get(insert) ?? this.commands.get(insert)]));
    const told = this.commands.get(texts[0] ?? "");
    if (told !== undefined) {
      this.shown(told);
    }
    return texts.map((insert) => suggestion(insert, first.range, this.commands.get(insert)));
  }
}

function suggestion(insert: string, range: vscode.Range | undefined, told: vscode.Command | undefined): vscode.InlineCompletionItem {
  return new vscode.InlineCompletionItem(insert, range, {
    command: ACCEPTED,
    title: t("Count the accepted suggestion"),
    arguments: told === undefined ? [insert.length] : [insert.length, told],
  });
}

function text(item: vscode.InlineCompletionItem): string {
  return typeof item.insertText === "string" ? item.insertText : item.insertText.value;
}
