import * as vscode from "vscode";
import type { Ask } from "../server/ask";
import { type NewLines, SINCE_RELEASE } from "../server/protocol";
import { t } from "../words";

/** Without typing for so long, the server is asked. */
const PAUSE_MS = 500;
// A form of its own, a dotted bar, so that nobody takes it for git's bars of uncommitted lines, whatever they see of colours.
const MARK = "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path fill='%23888888' d='M7 1h3v3h-3zm0 5h3v3h-3zm0 5h3v3h-3z'/></svg>";

/** Marks the lines that came after the last release, in the gutter and in the overview beside the scroll bar. */
export class NewLineMarks implements vscode.Disposable {
  private readonly style = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    gutterIconPath: vscode.Uri.parse(MARK),
    gutterIconSize: "contain",
    overviewRulerLane: vscode.OverviewRulerLane.Left,
    overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.infoForeground"),
  });
  private readonly disposables: vscode.Disposable;
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly ask: Ask,
    private readonly on: (document: vscode.TextDocument) => boolean,
  ) {
    this.disposables = vscode.Disposable.from(
      this.style,
      vscode.window.onDidChangeVisibleTextEditors((editors) => editors.forEach((editor) => this.look(editor))),
      vscode.workspace.onDidChangeTextDocument((event) => this.editorsOf(event.document).forEach((editor) => this.look(editor))),
      vscode.workspace.onDidSaveTextDocument((document) => this.editorsOf(document).forEach((editor) => this.look(editor))),
    );
  }

  /** Looks again: a setting has changed, or the server has started. */
  again(): void {
    vscode.window.visibleTextEditors.forEach((editor) => this.look(editor));
  }

  private editorsOf(document: vscode.TextDocument): vscode.TextEditor[] {
    return vscode.window.visibleTextEditors.filter((editor) => editor.document === document);
  }

  private look(editor: vscode.TextEditor): void {
    const uri = editor.document.uri.toString();
    clearTimeout(this.timers.get(uri));
    this.timers.delete(uri);
    if (editor.document.uri.scheme !== "file" || !this.on(editor.document)) {
      editor.setDecorations(this.style, []);
      return;
    }
    this.timers.set(uri, setTimeout(() => void this.show(editor.document).catch(() => undefined), PAUSE_MS)); // no history, no marks
  }

  private async show(document: vscode.TextDocument): Promise<void> {
    const { version } = document;
    const found = await this.ask<NewLines>(SINCE_RELEASE, { uri: document.uri.toString() });
    if (document.version !== version) {
      return;
    }
    const hoverMessage = t("Newer than the release {0}", found.release);
    const marks = found.ranges.map(({ start, end }) => ({ range: new vscode.Range(new vscode.Position(start, 0), new vscode.Position(end, 0)), hoverMessage }));
    this.editorsOf(document).forEach((editor) => editor.setDecorations(this.style, marks));
  }

  dispose(): void {
    this.timers.forEach((timer) => clearTimeout(timer));
    this.disposables.dispose();
  }
}
