import * as vscode from "vscode";
import type { Ask } from "../history/explain";
import { rootOf } from "../history/git";
import { replyReport } from "../pages/markdown";
import { ASK, type Reply, type ReplyPart } from "../server/protocol";
import { Report } from "../pages/report";

/** Asks the model that follows instructions; the file at the cursor and the turns before go along. */
export class Asker {
  private conversation: { question: string; answer: string }[] = [];

  constructor(private readonly ask: Ask) {}

  /** From the command palette. */
  async question(): Promise<void> {
    const question = await vscode.window.showInputBox({
      title: "Ask about this code",
      prompt: this.conversation.length === 0 ? "" : "What was asked before is remembered",
      placeHolder: "Why does this live here?",
    });
    if (question === undefined || question.trim() === "") {
      return;
    }
    const editor = vscode.window.activeTextEditor;
    const uri = editor?.document.uri.scheme === "file" ? editor.document.uri : undefined;
    const folder = uri !== undefined ? await rootOf(uri) : vscode.workspace.workspaceFolders?.[0]?.uri;
    if (folder === undefined) {
      await vscode.window.showInformationMessage("Open a folder first: the question is about its code.");
      return;
    }
    const about = editor === undefined || uri === undefined ? {} : { uri: uri.toString(), position: editor.selection.active };
    const params = { folder: folder.toString(), question, conversation: this.conversation, ...about };
    const origin = { folder: folder.fsPath };
    await new Report(question.slice(0, 40)).fill(async (soFar, token) => {
      let text = "";
      const learn = (part: ReplyPart): void => {
        text += part.kind === "text" ? part.text : "";
        soFar(replyReport(question, { text }, origin));
      };
      const reply = await this.ask<Reply, ReplyPart>(ASK, params, learn, token);
      this.conversation = [...this.conversation, { question, answer: reply.text }].slice(-8);
      return replyReport(question, reply, origin);
    });
  }
}
