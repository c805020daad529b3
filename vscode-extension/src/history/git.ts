import * as path from "node:path";
import * as vscode from "vscode";
import type { Explained } from "../pages/diffReport";
import { runProgram } from "../server/programs";
import { t } from "../words";

/** The parts of the built-in git extension's interface (version 1) that are used here. */
interface GitCommit {
  readonly hash: string;
  readonly message: string;
  readonly authorName?: string;
  readonly authorDate?: Date;
  readonly parents: readonly string[];
}

interface GitChange {
  readonly uri: vscode.Uri;
  readonly originalUri: vscode.Uri;
  readonly renameUri: vscode.Uri | undefined;
}

interface GitRepository {
  readonly rootUri: vscode.Uri;
  readonly inputBox: { value: string };
  readonly state: { readonly indexChanges: readonly unknown[] };
  status(): Promise<void>;
  getCommit(ref: string): Promise<GitCommit>;
  log(options: { maxEntries: number; path?: string }): Promise<GitCommit[]>;
  diffWithHEAD(path: string): Promise<string>;
  diffIndexWithHEAD(path: string): Promise<string>;
  diffBetween(before: string, after: string): Promise<GitChange[]>;
}

interface GitApi {
  readonly git: { readonly path: string };
  toGitUri(uri: vscode.Uri, ref: string): vscode.Uri;
  getRepository(uri: vscode.Uri): GitRepository | null;
  readonly onDidOpenRepository: vscode.Event<unknown>;
  readonly onDidCloseRepository: vscode.Event<unknown>;
}

/** What the editor for many changes takes: the file, and its text before and after. */
type Resource = [file: vscode.Uri, before: vscode.Uri | undefined, after: vscode.Uri];

async function api(): Promise<GitApi | undefined> {
  const extension = vscode.extensions.getExtension<{ getAPI(version: 1): GitApi }>("vscode.git");
  try {
    return (await extension?.activate())?.getAPI(1);
  } catch {
    return undefined; // switched off with git.enabled
  }
}

/** Has something done when the git extension finds a repository or loses one. */
export function onRepositories(done: () => void): vscode.Disposable {
  const found: vscode.Disposable[] = [];
  void api().then((git) => git && found.push(git.onDidOpenRepository(done), git.onDidCloseRepository(done)));
  return new vscode.Disposable(() => found.forEach((item) => item.dispose()));
}

/** The root of the repository that a file or folder lies in, as the git extension sees it; else its workspace folder. */
export async function rootOf(uri: vscode.Uri): Promise<vscode.Uri> {
  const found = (await api())?.getRepository(uri)?.rootUri ?? vscode.workspace.getWorkspaceFolder(uri)?.uri;
  return found ?? vscode.Uri.joinPath(uri, "..");
}

/** The box for the message of the next commit, and whether anything is staged; undefined where git knows no such repository. */
export async function commitBox(folder: vscode.Uri): Promise<{ box: { value: string }; staged: boolean } | undefined> {
  const repository = (await api())?.getRepository(folder);
  await repository?.status().catch(() => undefined); // what was staged in a terminal just now is not known yet
  return repository ? { box: repository.inputBox, staged: repository.state.indexChanges.length > 0 } : undefined;
}

/** So many commits' authors are looked up for one page. */
const MAX_AUTHORS = 20;

/** Who wrote these commits, by their ids; empty where git does not know the repository. */
export async function authorsOf(folder: string, commits: readonly string[]): Promise<Map<string, string>> {
  const repository = (await api())?.getRepository(vscode.Uri.file(folder));
  const found = new Map<string, string>();
  for (const commit of [...new Set(commits)].slice(0, MAX_AUTHORS)) {
    const author = await repository?.getCommit(commit).then((known) => known.authorName, () => undefined);
    if (author !== undefined) {
      found.set(commit, author);
    }
  }
  return found;
}

/** The commit that a revision names, for the head of its page; undefined for a range, or where git knows none. */
export async function explained(folder: string, target: string): Promise<Explained | undefined> {
  if (target === "" || target.startsWith("-") || target.includes("..")) {
    return undefined;
  }
  const repository = (await api())?.getRepository(vscode.Uri.file(folder));
  const found = await repository?.getCommit(target).catch(() => undefined);
  return found === undefined
    ? undefined
    : {
        commit: found.hash,
        author: found.authorName ?? "",
        date: found.authorDate?.toISOString().slice(0, 10) ?? "",
        subject: found.message.split("\n")[0] ?? "",
      };
}

/** What is changed in one file, staged or not, as git writes it; undefined for a file that git does not compare. */
export async function patchOf(file: vscode.Uri, staged: boolean): Promise<string | undefined> {
  const repository = (await api())?.getRepository(file);
  const patch = await (staged ? repository?.diffIndexWithHEAD(file.fsPath) : repository?.diffWithHEAD(file.fsPath));
  return patch === undefined || patch === "" ? undefined : patch;
}

/** Shows what a commit changed, all its files in one editor. */
export async function showCommit(folder: string, commit: string): Promise<void> {
  const git = await api();
  const repository = git?.getRepository(vscode.Uri.file(folder));
  if (git === undefined || repository === null || repository === undefined) {
    await vscode.window.showInformationMessage(t("Commit {0} (the editor's git support is off or does not know this repository).", commit));
    return;
  }
  const found = await repository.getCommit(commit);
  const parent = found.parents[0];
  const resources =
    parent === undefined ? await firstCommit(git, repository, commit) : await changesSince(git, repository, parent, commit);
  const title = `${commit.slice(0, 10)} ${found.message.split("\n")[0] ?? ""}`;
  await vscode.commands.executeCommand("vscode.changes", title, resources);
}

async function changesSince(git: GitApi, repository: GitRepository, parent: string, commit: string): Promise<Resource[]> {
  const changes = await repository.diffBetween(parent, commit);
  return changes.map((change) => {
    const now = change.renameUri ?? change.uri;
    return [now, git.toGitUri(change.originalUri, parent), git.toGitUri(now, commit)];
  });
}

/** The git extension compares commits only, and a first commit has none before it: git itself is asked. */
async function firstCommit(git: GitApi, repository: GitRepository, commit: string): Promise<Resource[]> {
  const resources: Resource[] = [];
  const command = [
    git.git.path, "-C", repository.rootUri.fsPath, "-c", "core.quotePath=false",
    "ls-tree", "-r", "--name-only", "--full-tree", "--end-of-options", commit,
  ];
  await runProgram(command, (name) => {
    const uri = vscode.Uri.joinPath(repository.rootUri, name);
    resources.push([uri, undefined, git.toGitUri(uri, commit)]);
  });
  return resources;
}

/** Lets the user choose one of the newest commits, of one file where `file` is given. */
export async function pickCommit(uri: vscode.Uri, file?: vscode.Uri): Promise<string | undefined> {
  const repository = (await api())?.getRepository(uri);
  if (repository === null || repository === undefined) {
    return vscode.window.showInputBox({ prompt: t("Revision to explain"), placeHolder: "HEAD~3" });
  }
  const commits = repository.log({ maxEntries: 200, ...(file === undefined ? {} : { path: file.fsPath }) });
  const items = commits.then((found) =>
    found.map((commit) => ({ label: commit.message.split("\n")[0] ?? "", description: commit.hash.slice(0, 10), hash: commit.hash })),
  );
  const title = file === undefined ? t("Explain a commit") : t("Explain a commit on {0}", path.basename(file.fsPath));
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.hash;
}
