import * as vscode from "vscode";

/** True for a moment, whenever the walkthrough may have been opened while the server runs. */
const RUNS = "iquest.runs";

/**
 * Ticks the walkthrough's first step where the server ran before it was opened. VS Code reads walkthroughs when the first
 * one is opened; a context that is true already then counts as seen, and ticks nothing: it has to become true after.
 */
export function tickWhenOpened(runs: () => boolean): vscode.Disposable {
  return vscode.window.tabGroups.onDidChangeTabs(async ({ opened, changed }) => {
    // The page with the walkthrough has no input that extensions know.
    if (runs() && [...opened, ...changed].some((tab) => tab.input === undefined)) {
      await vscode.commands.executeCommand("setContext", RUNS, true);
      await vscode.commands.executeCommand("setContext", RUNS, false);
    }
  });
}
