import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient";
import type { Explainer } from "./history/explain";
import { hoverAt } from "./history/hover";
import type { Teller } from "./history/why";
import type { InlineCompletions } from "./suggest/inline";
import type { Ask } from "./server/ask";
import { SECTION } from "./server/settings";

/** The server's commands behind its code actions and lenses. */
const EXPLAIN_CHANGE = "iquest-lsp.explainChange";
const WHY = "iquest-lsp.why";

/**
 * Keeps what is told of one document in order: the client sends a change later than a close or an opening that comes
 * right behind it, so that these wait for it, and what comes meanwhile waits for them.
 */
export class InOrder {
  private readonly sending = new Map<string, Promise<void>>();

  send(uri: vscode.Uri, next: () => Promise<void>): Promise<void> {
    const key = uri.toString();
    const before = this.sending.get(key);
    const now = before === undefined ? next() : before.then(next, next);
    this.sending.set(key, now);
    const done = () => {
      if (this.sending.get(key) === now) {
        this.sending.delete(key);
      }
    };
    now.then(done, done);
    return now;
  }
}

/** What stands between the editor and the server. */
export interface Between {
  readonly ask: Ask;
  readonly inline: InlineCompletions;
  readonly explainer: Explainer;
  readonly teller: Teller;
  settings(): Record<string, unknown>;
}

/** Ghost text passes the extension's own switches; lenses, actions and hovers lead to its one page; settings are told as they are set. */
export function middlewareOf({ ask, inline, explainer, teller, settings }: Between): Middleware {
  const order = new InOrder();
  return {
    didOpen: (document, next) => order.send(document.uri, () => next(document)),
    didChange: (event, next) => order.send(event.document.uri, () => next(event)),
    didClose: (document, next) => order.send(document.uri, () => next(document)),
    provideInlineCompletionItems: inline.provide.bind(inline),
    provideCompletionItem: () => undefined, // the list would offer the ghost text a second time
    provideHover: (document, position, token) => hoverAt(ask, document, position.line, token),
    executeCommand: async (command, args: unknown[], next) => {
      const [uri, line] = args;
      if (command === WHY && typeof uri === "string" && typeof line === "number") {
        return teller.why({ uri, line });
      }
      const answer: unknown = await next(command, args);
      const { folder, target } = (answer ?? {}) as { folder?: unknown; target?: unknown };
      if (command === EXPLAIN_CHANGE && typeof folder === "string" && typeof target === "string") {
        await explainer.explain(vscode.Uri.parse(folder), target);
      }
      return answer;
    },
    workspace: {
      // The client would send every setting with its default, which then stands above the workspace's own file.
      didChangeConfiguration: () => Promise.resolve(),
      configuration: (params) => params.items.map((item) => (item.section === SECTION ? settings() : null)),
    },
  };
}
