import * as path from "node:path";
import * as vscode from "vscode";

/** The parts of the built-in git extension's interface (version 1) that are used here. */
interface GitCommit {
  readonly hash: string;
  readonly message: string;
  readonly parents: readonly string[];
}

interface GitChange {
  readonly uri: vscode.Uri;
  readonly originalUri: vscode.Uri;
  readonly renameUri: vscode.Uri | undefined;
}

interface GitRepository {
  readonly rootUri: vscode.Uri;
  getCommit(ref: string): Promise<GitCommit>;
  log(options: { maxEntries: number; path?: string }): Promise<GitCommit[]>;
  diffBetween(before: string, after: string): Promise<GitChange[]>;
}

interface GitApi {
  toGitUri(uri: vscode.Uri, ref: string): vscode.Uri;
  getRepository(uri: vscode.Uri): GitRepository | null;
}

/** The tree without any file, which a first commit is compared with. */
const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

async function api(): Promise<GitApi | undefined> {
  const extension = vscode.extensions.getExtension<{ getAPI(version: 1): GitApi }>("vscode.git");
  try {
    return (await extension?.activate())?.getAPI(1);
  } catch {
    return undefined; // switched off with git.enabled
  }
}

/** The root of the repository that a file or folder lies in, as the git extension sees it. */
export async function repositoryRoot(uri: vscode.Uri): Promise<vscode.Uri | undefined> {
  return (await api())?.getRepository(uri)?.rootUri;
}

/** Shows what a commit changed, all its files in one editor. */
export async function showCommit(folder: string, commit: string): Promise<void> {
  const git = await api();
  const repository = git?.getRepository(vscode.Uri.file(folder));
  if (git === undefined || repository === null || repository === undefined) {
    await vscode.window.showInformationMessage(`Commit ${commit} (the editor's git support is off or does not know this repository).`);
    return;
  }
  const found = await repository.getCommit(commit);
  const before = found.parents[0] ?? EMPTY_TREE;
  const changes = await repository.diffBetween(before, commit);
  const resources = changes.map((change) => {
    const now = change.renameUri ?? change.uri;
    return [now, git.toGitUri(change.originalUri, before), git.toGitUri(now, commit)];
  });
  const title = `${commit.slice(0, 10)} ${found.message.split("\n")[0] ?? ""}`;
  await vscode.commands.executeCommand("vscode.changes", title, resources);
}

/** Lets the user choose one of the newest commits, of one file where `file` is given. */
export async function pickCommit(uri: vscode.Uri, file?: vscode.Uri): Promise<string | undefined> {
  const repository = (await api())?.getRepository(uri);
  if (repository === null || repository === undefined) {
    return vscode.window.showInputBox({ prompt: "Revision to explain", placeHolder: "HEAD~3" });
  }
  const commits = repository.log({ maxEntries: 200, ...(file === undefined ? {} : { path: file.fsPath }) });
  const items = commits.then((found) =>
    found.map((commit) => ({ label: commit.message.split("\n")[0] ?? "", description: commit.hash.slice(0, 10), hash: commit.hash })),
  );
  const title = file === undefined ? "Explain a commit" : `Explain a commit on ${path.basename(file.fsPath)}`;
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.hash;
}
