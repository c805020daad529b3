import * as vscode from "vscode";
import { SECTION, toggled } from "../server/settings";
import { t } from "../words";

/** Whether completions are wanted in a document, by its folder's settings. */
export function wanted(document: vscode.TextDocument): boolean {
  const configuration = vscode.workspace.getConfiguration(SECTION, document.uri);
  const languages = configuration.get<string[]>("disabledLanguages") ?? [];
  return (configuration.get<boolean>("enable") ?? true) && !languages.includes(document.languageId);
}

/** A setting as the document that is looked at has it, and where it is set: in its folder, the workspace, else for the user. */
function settingHere(name: string): { configuration: vscode.WorkspaceConfiguration; target: vscode.ConfigurationTarget } {
  const configuration = vscode.workspace.getConfiguration(SECTION, vscode.window.activeTextEditor?.document.uri);
  const { workspaceFolderValue, workspaceValue } = configuration.inspect(name) ?? {};
  const { WorkspaceFolder, Workspace, Global } = vscode.ConfigurationTarget;
  return { configuration, target: workspaceFolderValue !== undefined ? WorkspaceFolder : workspaceValue !== undefined ? Workspace : Global };
}

/** Switches completions, where they are set. */
export async function toggle(): Promise<void> {
  await flip("enable");
}

/** The same for the language of the file that is looked at. */
export async function toggleLanguage(): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  if (language === undefined) {
    return;
  }
  const { configuration, target } = settingHere("disabledLanguages");
  const languages = configuration.get<string[]>("disabledLanguages") ?? [];
  await configuration.update("disabledLanguages", toggled(languages, language), target);
}

/** Switches one of the settings that are on or off, where it is set. */
export async function flip(name: string): Promise<void> {
  const { configuration, target } = settingHere(name);
  await configuration.update(name, !configuration.get<boolean>(name), target);
}

/** For how many minutes suggestions shall sleep; undefined for not at all. */
export async function pickPause(): Promise<number | undefined> {
  const items = [5, 15, 30, 60].map((minutes) => ({ label: t("{0} minutes", minutes), minutes }));
  return (await vscode.window.showQuickPick(items, { title: t("Let suggestions sleep for") }))?.minutes;
}
