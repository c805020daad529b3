import * as vscode from "vscode";
import type { Ask } from "../server/ask";
import { editorInSight, SCHEMES } from "../history/where";
import type { AskedFor, ToLookAt } from "../pages/askedFor";
import { DISMISS_NEXT_EDIT, type LinesToLookAt, NEXT_EDITS, type NextEdit, type NextEditsAnswer } from "../server/protocol";
import { plural, t } from "../words";

/** Without typing for so long, the server is asked. */
const PAUSE_MS = 150;
const SHOWN = "iquest.nextEditShown";
const HERE = "iquest.nextEditHere";
const MARK = "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path fill='%23409eff' d='M2 3l6 5-6 5zm6 0l6 5-6 5z'/></svg>";
/** The colour of what is written beside the code: that of ghost text is none in themes of high contrast. */
const BESIDE = "editorCodeLens.foreground";

/** What runs commands at the server, and tells it things. */
export interface Told {
  notify(method: string, params: object): void;
  execute(command: string, args: readonly unknown[]): void;
}

/**
 * Shows what the edits just made ask for elsewhere, one at a time: the old text struck, the new one beside it. Two
 * context keys say whether one is shown, and whether the cursor is on its line, so that Tab means something else only then.
 */
export class NextEdits implements vscode.Disposable {
  private readonly disposables: vscode.Disposable;
  private readonly old = vscode.window.createTextEditorDecorationType({
    textDecoration: "line-through",
    opacity: "0.6",
    gutterIconPath: vscode.Uri.parse(MARK),
    gutterIconSize: "contain",
  });
  private readonly elsewhere = vscode.window.createTextEditorDecorationType({
    after: { color: new vscode.ThemeColor(BESIDE), margin: "0 0 0 2em" },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  private items: readonly NextEdit[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** Whether there was an edit. */
  private edited = false;

  constructor(
    private readonly ask: Ask,
    private readonly told: Told,
    private readonly on: (document: vscode.TextDocument) => boolean,
    /** Shows lines to look at, which are no edits. */
    private readonly showPlaces: (places: readonly ToLookAt[]) => void,
  ) {
    this.disposables = vscode.Disposable.from(
      this.old,
      this.elsewhere,
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.contentChanges.length > 0 && SCHEMES.includes(event.document.uri.scheme)) {
          this.changed();
        }
      }),
      vscode.window.onDidChangeActiveTextEditor(() => this.draw()),
      vscode.window.onDidChangeTextEditorSelection(() => this.moved()),
      vscode.window.onDidChangeTextEditorVisibleRanges(() => this.redraw()),
    );
  }

  private get first(): NextEdit | undefined {
    return this.items[0];
  }

  /** A text changed, perhaps one beside that which is looked at: what was shown was made for another state. */
  private changed(): void {
    this.show([]);
    this.edited = true;
    this.askSoon();
  }

  /** The cursor went elsewhere: what took the server longer than it lets a question wait may be there by now. */
  private moved(): void {
    this.redraw();
    if (this.first === undefined && this.edited) {
      this.askSoon();
    }
  }

  private askSoon(): void {
    clearTimeout(this.timer);
    const document = vscode.window.activeTextEditor?.document;
    if (document !== undefined && SCHEMES.includes(document.uri.scheme) && this.on(document)) {
      this.timer = setTimeout(() => void this.renew().catch(() => this.show([])), PAUSE_MS);
    }
  }

  /** Asks what is next for the text as it is; an answer to an older text is dropped. */
  private async renew(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const found = editor && (await this.look(editor));
    if (found !== undefined) {
      this.show(found.items);
    }
  }

  /** All that the edits made so far ask for, and the lines to look at; none where no text is in sight. */
  async found(): Promise<AskedFor> {
    const editor = editorInSight(); // asked from a page, no editor is the active one
    const found = editor && (await this.look(editor, { places: true }));
    return { edits: found?.items ?? [], places: (found?.places ?? []).map(toLookAt) };
  }

  /** The server's answer; undefined for a text that is another one by now. */
  private async look(editor: vscode.TextEditor, more: { places?: true } = {}): Promise<NextEditsAnswer | undefined> {
    const { document, selection } = editor;
    const version = document.version;
    const textDocument = { uri: document.uri.toString(), version };
    const position = { line: selection.active.line, character: selection.active.character };
    const answer = await this.ask<NextEditsAnswer>(NEXT_EDITS, { textDocument, position, ...more });
    return document.version === version ? answer : undefined;
  }

  private show(items: readonly NextEdit[]): void {
    this.items = items;
    this.draw();
  }

  /** Draws anew what depends on where one looks; while nothing is shown, each scroll and key would cost for nothing. */
  private redraw(): void {
    if (this.first !== undefined) {
      this.draw();
    }
  }

  private draw(): void {
    const next = this.first;
    for (const editor of vscode.window.visibleTextEditors) {
      editor.setDecorations(this.old, next !== undefined && isOf(next, editor) ? [this.decoration(next)] : []);
      const told = next !== undefined && editor === vscode.window.activeTextEditor && !isInSight(next);
      editor.setDecorations(this.elsewhere, told ? [this.whereItIs(next, editor)] : []);
    }
    this.tellContext();
  }

  /** Said at the cursor's line of an edit that is not in sight: where Tab goes. */
  private whereItIs(next: NextEdit, editor: vscode.TextEditor): vscode.DecorationOptions {
    const { end } = editor.document.lineAt(editor.selection.active.line).range;
    const place = `${vscode.workspace.asRelativePath(vscode.Uri.parse(next.textDocument.uri))}:${next.range.start.line + 1}`;
    const contentText = `${t("next: {0}", place)}${this.more()}`;
    return { range: new vscode.Range(end, end), hoverMessage: next.reason, renderOptions: { after: { contentText } } };
  }

  /** How many come after the one that is shown. A page would show spaces of the usual kind as one, as if this were a part of the text. */
  private more(): string {
    return this.items.length > 1 ? `\u00a0\u00a0\u00a0${t("+{0} more", this.items.length - 1)}` : "";
  }

  private decoration(next: NextEdit): vscode.DecorationOptions {
    const text = next.text.replace(/\n$/, "").replaceAll("\n", " ⏎ ");
    return {
      range: rangeOf(next),
      hoverMessage: next.reason,
      renderOptions: {
        after: {
          contentText: `${text}${this.more()}`,
          color: new vscode.ThemeColor(BESIDE),
          border: "1px dotted",
          margin: "0 0.3em",
        },
      },
    };
  }

  private isHere(next: NextEdit): boolean {
    const editor = vscode.window.activeTextEditor;
    return editor !== undefined && isOf(next, editor) && editor.selection.active.line === next.range.start.line;
  }

  private tellContext(): void {
    const next = this.first;
    void vscode.commands.executeCommand("setContext", SHOWN, next !== undefined);
    void vscode.commands.executeCommand("setContext", HERE, next !== undefined && this.isHere(next));
  }

  /** Goes to the edit that is shown, or takes it: the key may come before the editor knows that the cursor is there. */
  async go(): Promise<void> {
    const next = this.first;
    if (next !== undefined && this.isHere(next)) {
      await this.take();
    } else if (next !== undefined) {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(next.textDocument.uri));
      const place = rangeOf(next).start;
      await vscode.window.showTextDocument(document, { selection: new vscode.Range(place, place) });
      this.draw();
    }
  }

  /** Takes the edit that is shown; the next one is looked for as after any other edit. */
  async take(): Promise<void> {
    const next = this.first;
    const editor = vscode.window.activeTextEditor;
    const here = next !== undefined && this.isHere(next);
    this.show([]);
    if (next !== undefined && (await this.apply([next])) && here && editor !== undefined) {
      const end = endOf(next); // where one goes on
      editor.selection = new vscode.Selection(end, end);
      editor.revealRange(editor.selection);
    }
  }

  /** Puts the edit that is shown away; it does not come again at that place. */
  dismiss(): void {
    const [next, ...rest] = this.items;
    if (next !== undefined) {
      this.told.notify(DISMISS_NEXT_EDIT, { item: next });
      this.show(rest);
    }
  }

  /** All that is left to do: the edits that are chosen are taken together; lines to look at are listed on a page. */
  async all(): Promise<void> {
    const { edits, places } = await this.found();
    if (places.length > 0) {
      this.showPlaces(places);
    }
    if (edits.length === 0) {
      if (places.length === 0) {
        await vscode.window.showInformationMessage(t("Your edits ask for nothing elsewhere."));
      }
      return;
    }
    const picks = edits.map((edit) => ({
      label: `${edit.old.trim()} → ${edit.text.trim()}`,
      description: `${vscode.workspace.asRelativePath(vscode.Uri.parse(edit.textDocument.uri))}:${edit.range.start.line + 1}`,
      detail: edit.reason.replaceAll("`", ""), // a list has no code
      picked: true,
      edit,
    }));
    const title = plural(edits.length, "{0} more place", "{0} more places");
    const chosen = await vscode.window.showQuickPick(picks, { title, canPickMany: true, matchOnDescription: true });
    if (chosen !== undefined) {
      this.show([]);
      await this.apply(chosen.map((pick) => pick.edit));
    }
  }

  /** Makes those of the edits that were made for the texts as they are; whether there were any. */
  private async apply(edits: readonly NextEdit[]): Promise<boolean> {
    const changes = new vscode.WorkspaceEdit();
    for (const edit of edits) {
      const uri = vscode.Uri.parse(edit.textDocument.uri);
      const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
      if (open !== undefined && edit.textDocument.version !== null && open.version !== edit.textDocument.version) {
        continue; // it was made for another text
      }
      this.told.execute(edit.command.command, edit.command.arguments);
      changes.replace(uri, rangeOf(edit), edit.text);
    }
    return changes.size > 0 && (await vscode.workspace.applyEdit(changes));
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.disposables.dispose();
  }
}

/** Lines to look at as pages link to them. */
function toLookAt(found: LinesToLookAt): ToLookAt {
  const uri = vscode.Uri.parse(found.textDocument.uri);
  const folder = vscode.workspace.getWorkspaceFolder(uri)?.uri ?? vscode.Uri.joinPath(uri, "..");
  const path = uri.path.slice(folder.path.replace(/\/$/, "").length + 1);
  return { folder: folder.fsPath, path, name: vscode.workspace.asRelativePath(uri), line: found.range.start.line + 1, reason: found.reason };
}

/** Whether an editor shows the text that an edit is made for. */
function isOf(edit: NextEdit, editor: vscode.TextEditor): boolean {
  return editor.document.uri.toString() === vscode.Uri.parse(edit.textDocument.uri).toString();
}

/** Whether the line of an edit is on the screen. */
function isInSight(edit: NextEdit): boolean {
  const { line } = edit.range.start;
  const sees = (range: vscode.Range): boolean => range.start.line <= line && line <= range.end.line;
  return vscode.window.visibleTextEditors.some((editor) => isOf(edit, editor) && editor.visibleRanges.some(sees));
}

/** Where the text that an edit puts in ends: of whole lines at the end of the last one, not before what stood there. */
function endOf(edit: NextEdit): vscode.Position {
  const lines = edit.text.replace(/\r?\n$/, "").split(/\r?\n/);
  const { line, character } = edit.range.start;
  return new vscode.Position(line + lines.length - 1, (lines.length === 1 ? character : 0) + (lines.at(-1) ?? "").length);
}

function rangeOf(edit: NextEdit): vscode.Range {
  const { start, end } = edit.range;
  return new vscode.Range(new vscode.Position(start.line, start.character), new vscode.Position(end.line, end.character));
}
