import * as vscode from "vscode";
import { rootOf } from "../history/git";

/** What a question is about: the folder, and the file and place at the cursor where one is open. */
export interface About {
  readonly folder: string;
  readonly params: object;
}

/** Undefined where no folder is open. */
export async function about(): Promise<About | undefined> {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  const uri = editor?.document.uri.scheme === "file" ? editor.document.uri : undefined;
  const folder = uri !== undefined ? await rootOf(uri) : vscode.workspace.workspaceFolders?.[0]?.uri;
  if (folder === undefined) {
    return undefined;
  }
  const { line, character } = editor?.selection.active ?? { line: 0, character: 0 };
  const place = uri === undefined ? {} : { uri: uri.toString(), position: { line, character } };
  return { folder: folder.fsPath, params: { folder: folder.toString(), ...place } };
}
