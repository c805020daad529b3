import * as vscode from "vscode";
import type { Ask } from "../server/ask";
import { BLAME, type LineOrigin } from "../server/protocol";
import { t } from "../words";

/** The cursor has to rest for so long. */
const PAUSE_MS = 250;
const MAX_SUBJECT = 60;

/** Behind the line at the cursor, who brought it, when, and with which commit, as `git blame` names it. */
export class LineEnd implements vscode.Disposable {
  private readonly style = vscode.window.createTextEditorDecorationType({
    after: { color: new vscode.ThemeColor("editorCodeLens.foreground"), margin: "0 0 0 3em", fontStyle: "italic" },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedOpen,
  });
  private readonly disposables: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly ask: Ask,
    private readonly on: (document: vscode.TextDocument) => boolean,
  ) {
    this.disposables = vscode.Disposable.from(
      this.style,
      vscode.window.onDidChangeTextEditorSelection((event) => this.look(event.textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.look(editor)),
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.document === vscode.window.activeTextEditor?.document) {
          this.look(vscode.window.activeTextEditor);
        }
      }),
    );
  }

  /** Looks again: a setting has changed, or the server has started. */
  again(): void {
    this.look(vscode.window.activeTextEditor);
  }

  private look(editor: vscode.TextEditor | undefined): void {
    clearTimeout(this.timer);
    if (editor === undefined) {
      return;
    }
    editor.setDecorations(this.style, []);
    if (editor.document.uri.scheme === "file" && this.on(editor.document)) {
      this.timer = setTimeout(() => void this.show(editor).catch(() => undefined), PAUSE_MS); // no history, no annotation
    }
  }

  private async show(editor: vscode.TextEditor): Promise<void> {
    const { document } = editor;
    const { version } = document;
    const { line } = editor.selection.active;
    const found = await this.ask<LineOrigin>(BLAME, { uri: document.uri.toString(), line });
    if (document.version === version && editor.selection.active.line === line) {
      const end = document.lineAt(line).range.end;
      editor.setDecorations(this.style, [{ range: new vscode.Range(end, end), renderOptions: { after: { contentText: lineEndText(found) } } }]);
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.disposables.dispose();
  }
}

/** The annotation's text. */
export function lineEndText(found: LineOrigin): string {
  if (found.commit === "") {
    return t("not committed yet");
  }
  if (found.date === "") {
    return t("as old as this shallow clone, or older");
  }
  const subject = found.subject.length > MAX_SUBJECT ? `${found.subject.slice(0, MAX_SUBJECT - 1)}…` : found.subject;
  return `${found.date} ${found.author}: ${subject}`;
}
