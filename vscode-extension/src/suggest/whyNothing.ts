import * as vscode from "vscode";
import type { Answer } from "../server/protocol";
import { SECTION } from "../server/settings";
import { t } from "../words";
import { quietReason } from "./quiet";

/** Says why nothing was suggested at the cursor, and leads to the setting that decides it, and to the log. */
export async function whyNothing(answer: Answer | undefined, sleeping: boolean): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri.toString();
  const asked = answer !== undefined && answer.uri === uri && answer.empty ? answer.quiet : "";
  const reason = sleeping ? { text: t("Suggestions are asleep.") } : quietReason(asked);
  const ask = t("Suggest here");
  const settings = t("Settings");
  const log = t("Show the log");
  const chosen = await vscode.window.showInformationMessage(reason.text, ask, settings, log);
  if (chosen === ask) {
    await vscode.commands.executeCommand("iquest.trigger");
  } else if (chosen === settings) {
    const setting = "setting" in reason && reason.setting !== undefined ? `${SECTION}.${reason.setting}` : SECTION;
    await vscode.commands.executeCommand("workbench.action.openSettings", setting);
  } else if (chosen === log) {
    await vscode.commands.executeCommand("iquest.showLog");
  }
}
