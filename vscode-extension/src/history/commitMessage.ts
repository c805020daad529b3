import * as vscode from "vscode";
import { messageIn } from "../pages/diffReport";
import type { Ask } from "../server/ask";
import { COMMIT_MESSAGE, type CommitMessage } from "../server/protocol";
import { commitBox } from "./git";
import { type Control, folderOf } from "./where";

/** Writes a message for what is staged, else for all changes, into that repository's box. */
export async function writeCommitMessage(ask: Ask, control: Control | undefined): Promise<void> {
  const folder = await folderOf(control);
  const found = folder === undefined ? undefined : await commitBox(folder);
  if (folder === undefined || found === undefined) {
    return;
  }
  const target = found.staged ? "--staged" : "";
  const made = await vscode.window.withProgress({ location: vscode.ProgressLocation.SourceControl }, () =>
    ask<CommitMessage>(COMMIT_MESSAGE, { folder: folder.toString(), target }),
  );
  found.box.value = messageIn(found.box.value, made);
}
