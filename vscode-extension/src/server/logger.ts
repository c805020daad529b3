import * as vscode from "vscode";

/** The extension's log, which the language client writes to as well. */
export function createLogger(): vscode.LogOutputChannel {
  return vscode.window.createOutputChannel("IQuest LSP", { log: true });
}
