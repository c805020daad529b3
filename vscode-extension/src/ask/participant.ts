import * as vscode from "vscode";
import { replyParts } from "../pages/replyReport";
import type { Ask } from "../server/ask";
import { ASK, type Reply, type ReplyPart } from "../server/protocol";
import { t } from "../words";
import { about } from "./about";

/** The participant's id in the manifest. */
export const PARTICIPANT = "iquest.ask";
const COMMANDS = ["iquest.showCommit", "iquest.openFile"];

/** @iquest in the chat view, where the editor has one: the same answers, with the turns of that chat. */
export function offerParticipant(ask: Ask, canAnswer: () => Promise<boolean>): vscode.Disposable {
  const chat = (vscode as { chat?: Pick<typeof vscode.chat, "createChatParticipant"> }).chat;
  if (typeof chat?.createChatParticipant !== "function") {
    return vscode.Disposable.from();
  }
  return chat.createChatParticipant(PARTICIPANT, (request, context, stream, token) => reply(ask, canAnswer, request.prompt, context.history, stream, token));
}

async function reply(
  ask: Ask,
  canAnswer: () => Promise<boolean>,
  question: string,
  history: readonly (vscode.ChatRequestTurn | vscode.ChatResponseTurn)[],
  stream: vscode.ChatResponseStream,
  token: vscode.CancellationToken,
): Promise<void> {
  const place = await about();
  if (place === undefined) {
    stream.markdown(t("Open a folder first: the question is about its code."));
    return;
  }
  if (!(await canAnswer())) {
    stream.markdown(t("No model that follows instructions is set, and the one that completes only continues code."));
    stream.button({ command: "iquest.pickAnswerModel", title: t("Choose a model that answers") });
    return;
  }
  stream.progress(t("Reading the history …"));
  const parts = (part: ReplyPart): void => {
    if (part.kind === "thinking") {
      stream.progress(part.text.slice(-80));
    }
  };
  const params = { ...place.params, question, conversation: turns(history) };
  const answer = await ask<Reply, ReplyPart>(ASK, params, parts, token);
  const text = new vscode.MarkdownString(replyParts(answer, place).join("\n"));
  text.supportHtml = true; // names as code
  text.isTrusted = { enabledCommands: COMMANDS };
  stream.markdown(text);
}

/** Questions and answers of a chat, as the server takes them. */
export function turns(history: readonly object[]): { question: string; answer: string }[] {
  const found: { question: string; answer: string }[] = [];
  for (const turn of history) {
    if ("prompt" in turn && typeof turn.prompt === "string") {
      found.push({ question: turn.prompt, answer: "" });
    } else if ("response" in turn && Array.isArray(turn.response) && found.length > 0) {
      const text = (turn.response as { value?: { value?: unknown } }[]).map((part) => (typeof part.value?.value === "string" ? part.value.value : "")).join("");
      found[found.length - 1] = { question: found.at(-1)?.question ?? "", answer: text };
    }
  }
  return found.filter((turn) => turn.answer !== "");
}
