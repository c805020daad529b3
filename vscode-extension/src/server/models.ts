import * as vscode from "vscode";
import type { Ask } from "../history/explain";
import { type ModelChoice, MODELS, RELOAD_MODEL } from "./protocol";
import { SECTION } from "./settings";

/** Lets the user choose one of the installed models, or a file; the server then loads it. */
export async function pickModel(ask: Ask): Promise<void> {
  const { models } = await ask<{ models: ModelChoice[] }>(MODELS, {});
  const file = "A GGUF file …";
  const items = [...models.map(modelItem), { label: file, description: "any model with fill-in-the-middle tokens", value: file }];
  const chosen = await vscode.window.showQuickPick(items, {
    title: "Which model shall write the suggestions?",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  const value = chosen?.value === file ? await pickFile() : chosen?.value;
  if (value === undefined) {
    return;
  }
  await vscode.workspace.getConfiguration(SECTION).update("model", value, vscode.ConfigurationTarget.Global);
  await ask(RELOAD_MODEL, {});
}

function modelItem(model: ModelChoice): vscode.QuickPickItem & { value: string } {
  const size = `${(model.size_bytes / 1e6).toFixed(1)} MB`;
  return {
    label: `$(${model.current ? "check" : model.problem === "" ? "circuit-board" : "error"}) ${model.name}`,
    description: model.problem === "" ? `${model.model} · ${model.architecture} · ${size}` : "cannot be used",
    detail: model.problem === "" ? model.verdict : model.problem,
    value: model.source === "embedded" ? "" : model.name,
  };
}

async function pickFile(): Promise<string | undefined> {
  const [uri] = (await vscode.window.showOpenDialog({ filters: { "GGUF models": ["gguf"] }, openLabel: "Use this model" })) ?? [];
  return uri?.fsPath;
}
