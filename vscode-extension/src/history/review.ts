import * as vscode from "vscode";
import { prose } from "../pages/markup";
import type { Ask } from "../server/ask";
import { type DiffExplanation, EXPLAIN_DIFF } from "../server/protocol";
import { plural, t } from "../words";
import { commitBox } from "./git";
import { type Control, folderOf } from "./where";

/** A remark on a line (from 0) of a file of the repository. */
export interface LineRemark {
  readonly path: string;
  readonly line: number;
  readonly label: string;
  readonly text: string;
}

/** The least confidence of a file that is expected. */
const SURE = 0.3;

/** Reviews what is staged: risks, and what is missing, as comments on the lines that they are about. */
export class Review implements vscode.Disposable {
  private controller: vscode.CommentController | undefined;
  private threads: vscode.CommentThread[] = [];

  constructor(private readonly ask: Ask) {}

  /** What is staged, or where nothing is, all that is not committed. */
  async staged(control: Control | undefined): Promise<void> {
    const folder = await folderOf(control);
    if (folder === undefined) {
      return;
    }
    const target = (await commitBox(folder))?.staged === true ? "--staged" : "";
    const found = await vscode.window.withProgress({ location: vscode.ProgressLocation.SourceControl }, () =>
      this.ask<DiffExplanation>(EXPLAIN_DIFF, { folder: folder.toString(), target, places: true }),
    );
    this.clear();
    const remarks = remarksOf(found);
    for (const remark of remarks) {
      this.say(folder, remark);
    }
    await this.conclude(folder, remarks, found);
  }

  /** Takes all comments away. */
  clear(): void {
    this.threads.forEach((thread) => thread.dispose());
    this.threads = [];
    void vscode.commands.executeCommand("setContext", "iquest.reviewed", false);
  }

  private say(folder: vscode.Uri, remark: LineRemark): void {
    this.controller ??= vscode.comments.createCommentController("iquest.review", t("IQuest review"));
    const place = new vscode.Position(remark.line, 0);
    const body = new vscode.MarkdownString(remark.text);
    body.supportHtml = true; // names as code
    const comment: vscode.Comment = {
      author: { name: "IQuest" },
      body,
      mode: vscode.CommentMode.Preview,
    };
    const thread = this.controller.createCommentThread(vscode.Uri.joinPath(folder, remark.path), new vscode.Range(place, place), [comment]);
    thread.canReply = false;
    thread.label = remark.label;
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    this.threads.push(thread);
  }

  private async conclude(folder: vscode.Uri, remarks: readonly LineRemark[], found: DiffExplanation): Promise<void> {
    const first = remarks[0];
    void vscode.commands.executeCommand("setContext", "iquest.reviewed", first !== undefined);
    if (first === undefined) {
      const whole = found.risks.length + found.missing.filter((item) => item.confidence >= SURE).length;
      const nothing = t("Nothing to remark: no risk was found, and nothing seems to be missing.");
      await vscode.window.showInformationMessage(whole === 0 ? nothing : t("No line to remark on; Explain This Diff tells of the change as a whole."));
      return;
    }
    const place = new vscode.Position(first.line, 0);
    await vscode.window.showTextDocument(vscode.Uri.joinPath(folder, first.path), { selection: new vscode.Range(place, place) });
    vscode.window.setStatusBarMessage(plural(remarks.length, "{0} remark", "{0} remarks"), 10_000);
  }

  dispose(): void {
    this.clear();
    this.controller?.dispose();
  }
}

/** The remarks on lines: risks where they are, and what is missing where the change begins that asks for it. */
export function remarksOf(found: DiffExplanation): LineRemark[] {
  const remarks = (found.remarks ?? []).map(({ path, line, text }) => ({ path, line: Math.max(line - 1, 0), label: t("Risk"), text: prose(text) }));
  const place = found.places?.[0] ?? found.files.filter((file) => file.status !== "deleted").map((file) => ({ path: file.path, line: 1 }))[0];
  const missing = found.missing.filter((item) => item.confidence >= SURE);
  if (place !== undefined && missing.length > 0) {
    const text = missing.map((item) => `${missing.length > 1 ? "- " : ""}${prose(item.path)}: ${prose(item.reason)}`).join("\n");
    remarks.push({ path: place.path, line: place.line - 1, label: t("Perhaps missing"), text });
  }
  return remarks;
}
