import * as vscode from "vscode";
import { t } from "../words";
import { rootOf } from "./git";

/** As much of a source control as is needed. */
export interface Control {
  readonly rootUri?: vscode.Uri;
}

/** Texts that somebody writes: files, and such that were never saved. */
export const SCHEMES = ["file", "untitled"];

/** The text that is worked on: while a page has the focus, the one beside it. */
export function editorInSight(): vscode.TextEditor | undefined {
  // A log in the panel is a text editor, too.
  const [only, ...others] = vscode.window.visibleTextEditors.filter(({ document }) => SCHEMES.includes(document.uri.scheme));
  return vscode.window.activeTextEditor ?? (others.length === 0 ? only : undefined);
}

/** The repository or folder of the active editor, else the only workspace folder, else the one the user picks. */
export async function currentFolder(): Promise<vscode.Uri | undefined> {
  const active = editorInSight()?.document.uri;
  if (active?.scheme === "file") {
    return rootOf(active);
  }
  const folders = vscode.workspace.workspaceFolders ?? [];
  const folder = folders.length > 1 ? await vscode.window.showWorkspaceFolderPick() : folders[0];
  if (folder === undefined) {
    await vscode.window.showInformationMessage(t("Open a folder with a git repository first."));
    return undefined;
  }
  return rootOf(folder.uri);
}

/** That of a source control where one is given. */
export async function folderOf(control: Control | undefined): Promise<vscode.Uri | undefined> {
  return control?.rootUri ?? currentFolder();
}

/** The file and the line at the cursor; says so where there is none. */
export async function placeAtCursor(): Promise<{ uri: vscode.Uri; line: number } | undefined> {
  const editor = editorInSight();
  if (editor === undefined || editor.document.uri.scheme !== "file") {
    await vscode.window.showInformationMessage(t("Open a file first: the question is about the line at the cursor."));
    return undefined;
  }
  return { uri: editor.document.uri, line: editor.selection.active.line };
}
