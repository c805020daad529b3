/** An answer in words, as a page. */

import type { Reply } from "../server/protocol";
import { t } from "../words";
import { code, commandLink, escape, fileLink, modelProse, type Origin } from "./markup";

/** An answer in words, or what there is of it so far. */
export function replyReport(question: string, known: Partial<Reply>, origin: Origin): string {
  return [`# ${escape(question)}`, "", ...replyParts(known, origin)].join("\n");
}

/** The same without the question. */
export function replyParts(known: Partial<Reply>, origin: Origin): string[] {
  const lines = [modelProse(known.text ?? "", origin), ""];
  if (known.files !== undefined && known.files.length > 0) {
    lines.push(`## ${t("Cited files")}`, "", ...known.files.map((file) => `- ${fileLink(file.path, origin, true, file.line ?? 1)}`), "");
  }
  const untrue = (known.dropped ?? []).filter((item) => item.citation !== "");
  if (untrue.length > 0) {
    const citations = untrue.map((item) => code(item.citation)).join(", ");
    lines.push(t("Left out: what cited something that does not exist ({0}).", citations), "");
  }
  if (known.model !== undefined && (known.text ?? "").trim() === "") {
    lines.push(t("{0} gave no answer to this. Asking in other words, or about an open file, may help.", escape(known.model)), "");
  } else if (known.model !== undefined) {
    lines.push(`*${t("Written by {0} from the files and the history; it may be wrong.", escape(known.model))}*`, "");
  }
  return lines;
}

/** Said where no model can answer, with what can be done about it. */
export function noModelReport(question: string): string {
  return [
    `# ${escape(question)}`, "",
    t("No model that follows instructions is set, and the one that completes only continues code."), "",
    `- ${commandLink(t("Choose a model that answers"), "iquest.pickAnswerModel")}`,
    `- ${commandLink(t("Use a server on this machine or elsewhere"), "workbench.action.openSettings", "iquest.remote")}`, "",
    t("What a change does, and why a line is so, is told without a model."), "",
  ].join("\n");
}
