import * as vscode from "vscode";
import { messageIn } from "../pages/diffReport";
import type { Ask } from "../server/ask";
import { COMMIT_MESSAGE, type CommitMessage } from "../server/protocol";
import { commitBox } from "./git";
import { type Control, folderOf } from "./where";

/** Writes a message for what is staged, else for all changes, into that repository's box. */
export async function writeCommitMessage(ask: Ask, control: Control | undefined): Promise<void> {
  const folder = await folderOf(control);
  const made = folder && (await madeMessage(ask, folder));
  if (made !== undefined) {
    made.box.value = messageIn(made.box.value, made.message);
  }
}

/** A repository's box and the message for it; undefined where git knows no such repository. */
export async function madeMessage(ask: Ask, folder: vscode.Uri): Promise<{ box: { value: string }; message: CommitMessage } | undefined> {
  const found = await commitBox(folder);
  if (found === undefined) {
    return undefined;
  }
  const target = found.staged ? "--staged" : "";
  const message = await vscode.window.withProgress({ location: vscode.ProgressLocation.SourceControl }, () =>
    ask<CommitMessage>(COMMIT_MESSAGE, { folder: folder.toString(), target }),
  );
  return { box: found.box, message };
}
