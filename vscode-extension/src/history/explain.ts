import * as vscode from "vscode";
import { type Beside, diffReport } from "../pages/diffReport";
import type { AskedFor } from "../pages/askedFor";
import type { Pages } from "../pages/report";
import type { Ask } from "../server/ask";
import { type DiffExplanation, EXPLAIN_DIFF, IMPACT, type Impact } from "../server/protocol";
import { t } from "../words";
import { targetOfDiff, targetOfTimelineItem } from "./diffTarget";
import { authorsOf, explained, patchOf, pickCommit, rootOf } from "./git";
import { type Control, currentFolder, folderOf } from "./where";

/** A file or a group of files as the source control view gives it to a command. */
interface Resource {
  readonly resourceUri?: vscode.Uri;
  readonly resourceGroupType?: number;
}

interface Group {
  readonly id?: string;
  readonly resourceStates?: readonly Resource[];
}

/** The git extension's number of the group of what is staged. */
const INDEX_GROUP = 1;

/** Explains the working tree, what is staged, a commit or a range, wherever in the editor it was asked for. */
export class Explainer {
  constructor(
    private readonly ask: Ask,
    private readonly pages: Pages,
    /** What the edits of the user ask for elsewhere, where they are at work on something. */
    private readonly askedFor: () => Promise<AskedFor> = async () => ({ edits: [], places: [] }),
  ) {}

  /** From the SCM title: that repository's uncommitted changes. */
  async sourceControl(control: Control | undefined): Promise<void> {
    const folder = await folderOf(control);
    if (folder !== undefined) {
      await this.explain(folder, "");
    }
  }

  /** From a group of the SCM view: what is staged, or all that is not committed. */
  async group(group: Group | undefined): Promise<void> {
    const file = group?.resourceStates?.[0]?.resourceUri;
    const folder = file === undefined ? await currentFolder() : await rootOf(file);
    if (folder !== undefined) {
      await this.explain(folder, group?.id === "index" ? "--staged" : "");
    }
  }

  /** From a file of the SCM view: the change in it alone. */
  async file(resource: Resource | undefined): Promise<void> {
    const uri = resource?.resourceUri ?? vscode.window.activeTextEditor?.document.uri;
    if (uri === undefined) {
      return;
    }
    const staged = resource?.resourceGroupType === INDEX_GROUP;
    const patch = (await patchOf(uri, staged)) ?? (await patchOf(uri, !staged));
    if (patch === undefined) {
      await vscode.window.showInformationMessage(t("Git shows no change in {0}.", vscode.workspace.asRelativePath(uri)));
      return;
    }
    await this.explain(await rootOf(uri), staged ? "--staged" : "", { patch, only: vscode.workspace.asRelativePath(uri, false) });
  }

  /** From a diff editor: the change that it shows. */
  async diffEditor(): Promise<void> {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    if (!(input instanceof vscode.TabInputTextDiff)) {
      return this.choose();
    }
    const target = targetOfDiff(input.original, input.modified);
    if (target === undefined) {
      await vscode.window.showInformationMessage(t("This comparison is not one of git's, so there is no history to explain it with."));
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
    const commit = t("A commit …");
    const range = t("A range …");
    const items = [
      { label: t("The working tree"), description: t("everything that is not committed"), target: "" },
      { label: t("What is staged"), description: t("for the next commit"), target: "--staged" },
      { label: t("The last commit"), description: "HEAD", target: "HEAD" },
      { label: commit, description: t("from the newest ones"), target: undefined },
      { label: range, description: "A..B", target: undefined },
    ];
    const chosen = await vscode.window.showQuickPick(items, { title: t("Explain which change?") });
    let target = chosen?.target;
    if (chosen?.label === commit) {
      target = await pickCommit(folder);
    } else if (chosen?.label === range) {
      target = await vscode.window.showInputBox({ prompt: t("Range to explain"), placeHolder: "main..HEAD" });
    }
    if (target !== undefined) {
      await this.explain(folder, target);
    }
  }

  /** Explains one change of the repository that `folder` lies in; with a `patch`, only that part of it. */
  async explain(folder: vscode.Uri, target: string, part?: { patch: string; only: string }): Promise<void> {
    const title = part?.only ?? titleOf(target);
    const asked = part === undefined ? { target } : { patch: Buffer.from(part.patch, "utf8").toString("base64") };
    await this.pages.open(title).fill(async (soFar, token) => {
      let known: Partial<DiffExplanation> = {};
      let beside: Beside = { only: part?.only };
      const text = (): string => diffReport(target, known, { folder: folder.fsPath }, beside);
      const learn = (more: Beside): void => {
        beside = { ...beside, ...more };
        soFar(text());
      };
      const others = Promise.all([
        explained(folder.fsPath, target).then((commit) => learn({ commit })),
        this.ask<Impact>(IMPACT, { folder: folder.toString(), ...asked }, undefined, token).then((impact) => learn({ impact }), () => undefined),
        target === "" && part === undefined ? this.askedFor().then((askedFor) => learn({ askedFor }), () => undefined) : undefined,
      ]);
      const tell = (piece: Partial<DiffExplanation>): void => {
        const words = `${known.model_text ?? ""}${piece.model_text ?? ""}`; // these come as they are written
        known = { ...known, ...piece, model_text: words === "" ? null : words };
        soFar(text());
      };
      const whole = await this.ask<DiffExplanation>(EXPLAIN_DIFF, { folder: folder.toString(), places: true, ...asked }, tell, token);
      known = whole;
      soFar(text());
      await others;
      learn({ authors: await authorsOf(folder.fsPath, whole.history.map((item) => item.commit)) });
      return text();
    });
  }
}

/** The tab's title. */
function titleOf(target: string): string {
  return target === "" ? t("Explain changes") : target === "--staged" ? t("Explain what is staged") : t("Explain {0}", target.slice(0, 20));
}
