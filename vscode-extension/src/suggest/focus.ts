import * as vscode from "vscode";
import { DID_FOCUS } from "../server/protocol";

/** A move of so many lines is more than what typing and accepting do. */
const FAR = 10;
const SETTLE_MS = 100;
const SCHEMES = ["file", "untitled", "vscode-notebook-cell"];

/** Tells the server where the user looks: another file, another place in it; it is warmed before the first key. */
export class Focus implements vscode.Disposable {
  private readonly disposables: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;
  private uri = "";
  private line = 0;

  constructor(private readonly tell: (method: string, params: object) => void) {
    this.disposables = vscode.Disposable.from(
      vscode.window.onDidChangeActiveTextEditor((editor) => this.look(editor)),
      vscode.window.onDidChangeTextEditorSelection((event) => this.look(event.textEditor)),
    );
  }

  /** Tells once more, to a server that has just started. */
  again(): void {
    this.uri = "";
    this.look(vscode.window.activeTextEditor);
  }

  /** Whoever steps through places, as a search does, is told of where they stay. */
  private look(editor: vscode.TextEditor | undefined): void {
    if (editor === undefined || !SCHEMES.includes(editor.document.uri.scheme)) {
      return;
    }
    const uri = editor.document.uri.toString();
    const { line, character } = editor.selection.active;
    if (uri === this.uri && Math.abs(line - this.line) <= FAR) {
      this.line = line;
      return;
    }
    this.uri = uri;
    this.line = line;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(DID_FOCUS, { textDocument: { uri }, position: { line, character } }), SETTLE_MS);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.disposables.dispose();
  }
}
