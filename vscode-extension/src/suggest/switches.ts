import * as vscode from "vscode";
import { SECTION, toggled } from "../server/settings";
import { t } from "../words";

/** Whether completions are wanted in a document, by its folder's settings. */
export function wanted(document: vscode.TextDocument): boolean {
  const configuration = vscode.workspace.getConfiguration(SECTION, document.uri);
  const languages = configuration.get<string[]>("disabledLanguages") ?? [];
  return (configuration.get<boolean>("enable") ?? true) && !languages.includes(document.languageId);
}

/** Switches completions, where they are set: in the workspace, else for the user. */
export async function toggle(): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  const workspace = configuration.inspect<boolean>("enable")?.workspaceValue !== undefined;
  await configuration.update("enable", !configuration.get<boolean>("enable"), !workspace);
}

/** The same for the language of the file that is looked at. */
export async function toggleLanguage(): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  if (language === undefined) {
    return;
  }
  const configuration = vscode.workspace.getConfiguration(SECTION);
  const workspace = configuration.inspect("disabledLanguages")?.workspaceValue !== undefined;
  const languages = configuration.get<string[]>("disabledLanguages") ?? [];
  await configuration.update("disabledLanguages", toggled(languages, language), !workspace);
}

/** Switches one of the user's settings that are on or off. */
export async function flip(name: string): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  await configuration.update(name, !configuration.get<boolean>(name), vscode.ConfigurationTarget.Global);
}

/** For how many minutes suggestions shall sleep; undefined for not at all. */
export async function pickPause(): Promise<number | undefined> {
  const items = [5, 15, 30, 60].map((minutes) => ({ label: t("{0} minutes", minutes), minutes }));
  return (await vscode.window.showQuickPick(items, { title: t("Let suggestions sleep for") }))?.minutes;
}
