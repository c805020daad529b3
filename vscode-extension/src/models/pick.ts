import { totalmem } from "node:os";
import * as vscode from "vscode";
import type { Ask } from "../server/ask";
import type { Launch } from "../server/launch";
import { MODELS, type Models, RELOAD_MODEL } from "../server/protocol";
import { SECTION } from "../server/settings";
import { t } from "../words";
import { type Row, rowsOf } from "./rows";

type Item = vscode.QuickPickItem & { readonly row: Row };

/** What the picker needs besides the server: how its command line is run. */
export interface Running {
  readonly launch: Launch | undefined;
}

/** Lets the user choose one of the installed models, one of the tested ones, or a file; the server then loads it. */
export async function pickModel(ask: Ask, running: Running): Promise<void> {
  const value = await choose(ask, running, t("Which model shall write the suggestions?"));
  if (value === undefined) {
    return;
  }
  await vscode.workspace.getConfiguration(SECTION).update("model", value, vscode.ConfigurationTarget.Global);
  await ask(RELOAD_MODEL, {});
}

/** The same for the model that explains and answers. */
export async function pickAnswerModel(ask: Ask, running: Running): Promise<void> {
  const value = await choose(ask, running, t("Which model shall explain and answer? It has to follow instructions."));
  if (value !== undefined) {
    await vscode.workspace.getConfiguration(SECTION).update("instructModel", value, vscode.ConfigurationTarget.Global);
  }
}

/** The setting's value; undefined where nothing was chosen that is here already. */
async function choose(ask: Ask, running: Running, title: string): Promise<string | undefined> {
  const items = rowsOf(await ask<Models>(MODELS, {}), totalmem()).map(itemOf);
  const chosen = (await vscode.window.showQuickPick(items, { title, matchOnDescription: true, matchOnDetail: true }))?.row;
  switch (chosen?.kind) {
    case "use":
      return chosen.value;
    case "file":
      return pickFile();
    case "add":
      add(chosen.value, running);
      return undefined;
    case "explain":
      await explain(chosen);
      return undefined;
    default:
      return undefined;
  }
}

function itemOf(row: Row): Item {
  const kind = row.kind === "separator" ? vscode.QuickPickItemKind.Separator : vscode.QuickPickItemKind.Default;
  return { label: row.label, description: row.description, detail: row.detail, kind, row };
}

/** Fetches a model in a terminal, where one sees how far it is, and can end it; it can be chosen afterwards. */
function add(name: string, { launch }: Running): void {
  if (launch !== undefined) {
    const terminal = vscode.window.createTerminal({
      name: t("Model {0}", name),
      shellPath: launch.command,
      shellArgs: [...launch.args.filter((item) => item !== "--stdio"), "models", "add", name],
    });
    terminal.show(true);
  }
}

async function explain(row: Row): Promise<void> {
  const file = t("Choose a GGUF file …");
  const told = t("{0} is published as safetensors. `python -m quantize` makes a GGUF file of it (docs/workshop.md).", row.value);
  if ((await vscode.window.showInformationMessage(told, file)) === file) {
    await vscode.commands.executeCommand("iquest.pickModel");
  }
}

async function pickFile(): Promise<string | undefined> {
  const [uri] = (await vscode.window.showOpenDialog({ filters: { [t("GGUF models")]: ["gguf"] }, openLabel: t("Use this model") })) ?? [];
  return uri?.fsPath;
}
