import * as vscode from "vscode";
import { messageIn } from "../pages/diffReport";
import type { Ask } from "../server/ask";
import { t } from "../words";
import { madeMessage } from "./commitMessage";

/** Source control's boxes. A button in them (`scm/inputBox`) is given to the editor's own extensions only. */
const BOXES: vscode.DocumentSelector = { scheme: "vscode-scm" };

/** Offers the message in the box itself, where completions are asked for. */
export function offerInBox(ask: Ask): vscode.Disposable {
  return vscode.languages.registerCompletionItemProvider(BOXES, {
    async provideCompletionItems(document) {
      const root = rootOfBox(document.uri);
      if (root === undefined || document.lineCount > 1) {
        return []; // what takes the place of a text must be one line
      }
      const text = document.getText();
      const made = await madeMessage(ask, root).catch(() => undefined); // no change, or no server: the command says so
      if (made === undefined) {
        return [];
      }
      const item = new vscode.CompletionItem(made.message.subject, vscode.CompletionItemKind.Text);
      item.detail = t("from the change's facts");
      item.documentation = made.message.body;
      item.insertText = messageIn(text, made.message);
      item.range = new vscode.Range(document.positionAt(0), document.positionAt(text.length));
      item.filterText = text;
      return [item];
    },
  });
}

/** The repository that a box of git's belongs to. */
export function rootOfBox(box: vscode.Uri): vscode.Uri | undefined {
  const root = new URLSearchParams(box.query).get("rootUri");
  return root === null || !box.path.startsWith("git/") ? undefined : vscode.Uri.parse(root);
}
