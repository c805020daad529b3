import * as vscode from "vscode";
import type { Ask } from "../server/ask";
import { EDIT } from "../server/protocol";
import { plural, t } from "../words";

/** The scheme of the document that holds a file as it would be after an edit. */
export const PROPOSED = "iquest-edit";
const SHOWN = "iquest.editShown";

/** An edit that is looked at: the document's version and text that it was made for, and what it becomes. */
interface Proposal {
  readonly uri: vscode.Uri;
  readonly version: number;
  readonly range: vscode.Range;
  readonly text: string;
  readonly whole: string;
}

/** Lets a model that follows instructions rewrite the selected lines; the change is shown before it is taken. */
export class EditSelection implements vscode.Disposable, vscode.TextDocumentContentProvider {
  private proposal: Proposal | undefined;
  private readonly disposables: vscode.Disposable;

  constructor(private readonly ask: Ask) {
    this.disposables = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(PROPOSED, this),
      vscode.workspace.onDidCloseTextDocument((document) => {
        if (document.uri.scheme === PROPOSED) {
          this.forget();
        }
      }),
    );
  }

  provideTextDocumentContent(): string {
    return this.proposal?.whole ?? "";
  }

  /** Asks what to change, and shows the change as a diff. */
  async propose(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined || editor.selection.isEmpty) {
      await vscode.window.showInformationMessage(t("Select the lines to change first."));
      return;
    }
    const { document } = editor;
    const range = wholeLines(document, editor.selection);
    const instruction = await vscode.window.showInputBox({
      title: t("Change the selection"),
      prompt: plural(countLines(range), "What should change in the selected line?", "What should change in the {0} selected lines?"),
      placeHolder: t("Handle an empty list"),
    });
    if (instruction === undefined || instruction.trim() === "") {
      return;
    }
    const { version, uri } = document;
    const options = { location: vscode.ProgressLocation.Notification, title: t("Changing the selection"), cancellable: true };
    const { start, end } = range;
    const params = { uri: uri.toString(), instruction, range: { start: { line: start.line, character: 0 }, end: { line: end.line, character: end.character } } };
    const made = await vscode.window.withProgress(options, (_, token) => this.ask<{ text: string }>(EDIT, params, undefined, token));
    const before = document.getText();
    const whole = before.slice(0, document.offsetAt(start)) + made.text + before.slice(document.offsetAt(end));
    this.proposal = { uri, version, range, text: made.text, whole };
    const right = uri.with({ scheme: PROPOSED, query: String(Date.now()) });
    await vscode.commands.executeCommand("setContext", SHOWN, true);
    await vscode.commands.executeCommand("vscode.diff", uri, right, t("Proposed change: {0}", instruction.slice(0, 40)), { preview: true });
  }

  /** Takes the change that is shown; one that was made for an older text is not taken. */
  async take(): Promise<void> {
    const { proposal } = this;
    if (proposal === undefined) {
      return;
    }
    await this.close();
    const document = await vscode.workspace.openTextDocument(proposal.uri);
    if (document.version !== proposal.version) {
      throw new Error(t("The file has changed since; ask again."));
    }
    const edit = new vscode.WorkspaceEdit();
    edit.replace(proposal.uri, proposal.range, proposal.text);
    await vscode.workspace.applyEdit(edit);
    await vscode.window.showTextDocument(document);
  }

  /** Puts the change that is shown away. */
  async close(): Promise<void> {
    this.forget();
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    const mine = tabs.filter((tab) => tab.input instanceof vscode.TabInputTextDiff && tab.input.modified.scheme === PROPOSED);
    await vscode.window.tabGroups.close(mine);
  }

  private forget(): void {
    this.proposal = undefined;
    void vscode.commands.executeCommand("setContext", SHOWN, false);
  }

  dispose(): void {
    this.disposables.dispose();
  }
}

/** How many lines a range of whole lines holds, also where the last one has no end. */
export function countLines({ start, end }: vscode.Range): number {
  return end.line - start.line + (end.character > 0 || end.line === start.line ? 1 : 0);
}

/** A selection with all of its lines, up to the beginning of the line behind it where there is one. */
export function wholeLines(document: Pick<vscode.TextDocument, "lineCount" | "lineAt">, selection: vscode.Range): vscode.Range {
  const ends = selection.end.character === 0 && selection.end.line > selection.start.line;
  const last = ends ? selection.end.line : selection.end.line + 1;
  const end = last < document.lineCount ? new vscode.Position(last, 0) : document.lineAt(document.lineCount - 1).range.end;
  return new vscode.Range(new vscode.Position(selection.start.line, 0), end);
}
