import * as vscode from "vscode";
import { type Description, describe, menuRows, type Situation } from "./statusText";

/** So much of an explanation stands in one line of the menu. */
const ONE_LINE = 60;

/** The item in the status bar: says what is the case, explains itself, and leads to what can be done. */
export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("iquest.status", vscode.StatusBarAlignment.Right, 100);

  constructor(private readonly situation: () => Situation) {
    this.item.name = "IQuest LSP";
    this.item.command = "iquest.menu";
    this.update();
    this.item.show();
  }

  update(): void {
    const found = describe(this.situation());
    this.item.text = found.text;
    this.item.tooltip = tooltip(found);
    this.item.accessibilityInformation = { label: `IQuest LSP: ${found.explanation}` };
    this.item.backgroundColor =
      found.kind === "error" || found.kind === "warning"
        ? new vscode.ThemeColor(`statusBarItem.${found.kind}Background`)
        : undefined;
  }

  /** The menu behind the item: what can be done now, the best first. */
  async menu(): Promise<void> {
    const found = describe(this.situation());
    const long = found.explanation.length > ONE_LINE;
    // A prompt has as many lines as it needs; an editor that has none yet shows the beginning.
    const options = { title: "IQuest LSP", placeHolder: found.explanation, ...(long ? { prompt: found.explanation } : {}) };
    const chosen = await vscode.window.showQuickPick(menuRows(found), options);
    if (chosen !== undefined) {
      await vscode.commands.executeCommand(chosen.command);
    }
  }

  dispose(): void {
    this.item.dispose();
  }
}

function tooltip(found: Description): vscode.MarkdownString {
  const text = new vscode.MarkdownString("", true);
  text.appendMarkdown("**IQuest LSP**\n\n").appendText(found.explanation);
  for (const fact of found.facts) {
    text.appendMarkdown("\n\n").appendText(fact.text);
  }
  const links = found.actions.map((action) => `[${action.title}](command:${action.command})`);
  text.appendMarkdown(`\n\n---\n\n${links.join(" · ")}`);
  text.isTrusted = { enabledCommands: found.actions.map((action) => action.command) };
  return text;
}
