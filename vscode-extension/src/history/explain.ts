import * as path from "node:path";
import * as vscode from "vscode";
import { targetOfDiff, targetOfTimelineItem } from "./diffTarget";
import { commitBox, pickCommit, rootOf } from "./git";
import { diffReport, messageIn, whyReport } from "../pages/markdown";
import { COMMIT_MESSAGE, type CommitMessage, type DiffExplanation, EXPLAIN_DIFF, WHY, type Why } from "../server/protocol";
import { Report } from "../pages/report";

/**
 * Asks the server; rejects with what the user should know. `soFar` gets the parts of the answer that come ahead of it;
 * `token` takes the question back.
 */
export type Ask = <T, P = Partial<T>>(
  method: string,
  params: object,
  soFar?: (part: P) => void,
  token?: vscode.CancellationToken,
) => Promise<T>;

/** Explains the working tree, what is staged, a commit or a range, wherever in the editor it was asked for. */
export class Explainer {
  constructor(private readonly ask: Ask) {}

  /** From the SCM title: that repository's uncommitted changes. */
  async sourceControl(control: { rootUri?: vscode.Uri } | undefined): Promise<void> {
    const folder = control?.rootUri ?? (await currentFolder());
    if (folder !== undefined) {
      await this.explain(folder, "");
    }
  }

  /** From the SCM title: writes a message for what is staged, else for all changes, into that repository's box. */
  async commitMessage(control: { rootUri?: vscode.Uri } | undefined): Promise<void> {
    const folder = control?.rootUri ?? (await currentFolder());
    const found = folder === undefined ? undefined : await commitBox(folder);
    if (folder === undefined || found === undefined) {
      return;
    }
    const target = found.staged ? "--staged" : "";
    const made = await vscode.window.withProgress({ location: vscode.ProgressLocation.SourceControl }, () =>
      this.ask<CommitMessage>(COMMIT_MESSAGE, { folder: folder.toString(), target }),
    );
    found.box.value = messageIn(found.box.value, made);
  }

  /** From a diff editor: the change that it shows. */
  async diffEditor(): Promise<void> {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    if (!(input instanceof vscode.TabInputTextDiff)) {
      return this.choose();
    }
    const target = targetOfDiff(input.original, input.modified);
    if (target === undefined) {
      await vscode.window.showInformationMessage("This comparison is not one of git's, so there is no history to explain it with.");
      return;
    }
    await this.explain(await rootOf(vscode.Uri.file(input.modified.fsPath)), target);
  }

  /** From the timeline: that commit, or one to choose when the editor does not say which it was. */
  async timeline(item: unknown, uri: vscode.Uri | undefined): Promise<void> {
    const file = uri ?? vscode.window.activeTextEditor?.document.uri;
    if (file === undefined) {
      return;
    }
    const target = targetOfTimelineItem(item) ?? (await pickCommit(file, file));
    if (target !== undefined) {
      await this.explain(await rootOf(file), target);
    }
  }

  /** From the command palette: which change is asked. */
  async choose(): Promise<void> {
    const folder = await currentFolder();
    if (folder === undefined) {
      return;
    }
    const commit = "A commit …";
    const range = "A range …";
    const items = [
      { label: "The working tree", description: "everything that is not committed", target: "" },
      { label: "What is staged", description: "for the next commit", target: "--staged" },
      { label: "The last commit", description: "HEAD", target: "HEAD" },
      { label: commit, description: "from the newest ones", target: undefined },
      { label: range, description: "A..B", target: undefined },
    ];
    const chosen = await vscode.window.showQuickPick(items, { title: "Explain which change?" });
    let target = chosen?.target;
    if (chosen?.label === commit) {
      target = await pickCommit(folder);
    } else if (chosen?.label === range) {
      target = await vscode.window.showInputBox({ prompt: "Range to explain", placeHolder: "main..HEAD" });
    }
    if (target !== undefined) {
      await this.explain(folder, target);
    }
  }

  /** Explains one change of the repository that `folder` lies in. */
  async explain(folder: vscode.Uri, target: string): Promise<void> {
    const report = new Report(target === "" ? "Explain changes" : `Explain ${target.slice(0, 20)}`);
    await report.fill(async (soFar, token) => {
      let known: Partial<DiffExplanation> = {};
      const text = (): string => diffReport(target, known, { folder: folder.fsPath });
      const learn = (part: Partial<DiffExplanation>): void => {
        const words = `${known.model_text ?? ""}${part.model_text ?? ""}`; // these come as they are written
        known = { ...known, ...part, model_text: words === "" ? null : words };
        soFar(text());
      };
      known = await this.ask<DiffExplanation>(EXPLAIN_DIFF, { folder: folder.toString(), target }, learn, token);
      return text();
    });
  }

  /** Tells how the line at the cursor came to be. */
  async why(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined || editor.document.uri.scheme !== "file") {
      await vscode.window.showInformationMessage("Open a file first: the question is about the line at the cursor.");
      return;
    }
    const uri = editor.document.uri;
    const line = editor.selection.active.line;
    const report = new Report(`Why ${path.basename(uri.fsPath)}:${line + 1}`);
    const folder = await rootOf(uri);
    await report.fill(async (_, token) => {
      const found = await this.ask<Why>(WHY, { uri: uri.toString(), line }, undefined, token);
      return whyReport(found, { folder: folder.fsPath });
    });
  }
}

/** The repository or folder of the active editor, else the only workspace folder, else the one the user picks. */
async function currentFolder(): Promise<vscode.Uri | undefined> {
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active?.scheme === "file") {
    return rootOf(active);
  }
  const folders = vscode.workspace.workspaceFolders ?? [];
  const folder = folders.length > 1 ? await vscode.window.showWorkspaceFolderPick() : folders[0];
  if (folder === undefined) {
    await vscode.window.showInformationMessage("Open a folder with a git repository first.");
    return undefined;
  }
  return rootOf(folder.uri);
}
