import * as vscode from "vscode";
import { onRepositories } from "./git";
import { editorInSight } from "./where";

/** The context key that commands about the history hang on. */
const KEY = "iquest.repository";

/**
 * Keeps telling the editor whether what is looked at lies in a repository, so that commands about its history are shown
 * only there. Whether git can read it is the server's to say, in words.
 */
export function followRepositories(): vscode.Disposable {
  let told: boolean | undefined;
  const look = async (): Promise<void> => {
    const uri = editorInSight()?.document.uri;
    const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri);
    const there = await inRepository(uri?.scheme === "file" ? [uri] : folders);
    if (there !== told) {
      told = there;
      await vscode.commands.executeCommand("setContext", KEY, there);
    }
  };
  const again = (): void => void look();
  again();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(again),
    vscode.workspace.onDidChangeWorkspaceFolders(again),
    vscode.window.onDidChangeWindowState(again), // somebody may have run git elsewhere
    onRepositories(again),
  );
}

/** Whether one of these lies in a folder with a repository, as the server finds it: by the name, in it or above it. */
async function inRepository(places: readonly vscode.Uri[]): Promise<boolean> {
  for (const place of places) {
    for (let at = place; ; at = vscode.Uri.joinPath(at, "..")) {
      const found = await vscode.workspace.fs.stat(vscode.Uri.joinPath(at, ".git")).then(() => true, () => false);
      if (found) {
        return true;
      }
      if (at.path === "/" || at.path === vscode.Uri.joinPath(at, "..").path) {
        break;
      }
    }
  }
  return false;
}
