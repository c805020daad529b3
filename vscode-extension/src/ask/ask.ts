import * as vscode from "vscode";
import { noModelReport, replyReport } from "../pages/replyReport";
import type { Pages } from "../pages/report";
import type { Ask } from "../server/ask";
import { ASK, type Reply, type ReplyPart } from "../server/protocol";
import { number, t } from "../words";
import { about } from "./about";

interface Turn {
  readonly question: string;
  readonly answer: string;
}

/** So many turns go along with a question. */
const REMEMBERED = 8;

/** Asks the model that follows instructions; the file at the cursor and the turns before go along. */
export class Asker {
  private conversation: Turn[] = [];

  constructor(
    private readonly ask: Ask,
    private readonly pages: Pages,
    /** Whether a model is there that can answer. */
    private readonly canAnswer: () => Promise<boolean> = async () => true,
  ) {}

  /** From the command palette. */
  async question(): Promise<void> {
    const question = await vscode.window.showInputBox({
      title: t("Ask about this code"),
      prompt: this.conversation.length === 0 ? "" : t("What was asked before is remembered"),
      placeHolder: t("Why does this live here?"),
    });
    if (question !== undefined && question.trim() !== "") {
      await this.answer(question);
    }
  }

  /** Answers on the page; at its foot one can ask further. */
  async answer(question: string): Promise<void> {
    const place = await about();
    if (place === undefined) {
      await vscode.window.showInformationMessage(t("Open a folder first: the question is about its code."));
      return;
    }
    const page = this.pages.open(question.slice(0, 40), (next) => void this.answer(next));
    if (!(await this.canAnswer())) {
      await page.show(noModelReport(question));
      return;
    }
    const params = { ...place.params, question, conversation: this.conversation };
    await page.fill(async (soFar, token) => {
      let text = "";
      const learn = (part: ReplyPart): void => {
        text += part.kind === "text" ? part.text : "";
        const reading = part.kind === "evidence" ? t("Reading {0} tokens of evidence…", number(Number(part.text))) : "";
        soFar(replyReport(question, { text: text || reading }, place));
      };
      const reply = await this.ask<Reply, ReplyPart>(ASK, params, learn, token);
      this.conversation = [...this.conversation, { question, answer: reply.text }].slice(-REMEMBERED);
      return replyReport(question, reply, place);
    });
  }
}
