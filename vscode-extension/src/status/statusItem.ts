import * as vscode from "vscode";
import { type Action, type Description, describe, type Situation } from "./statusText";

/** The item in the status bar: says what is the case, explains itself, and leads to what can be done. */
export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("iquest.status", vscode.StatusBarAlignment.Right, 100);
  private actions: readonly Action[] = [];

  constructor(private readonly situation: () => Situation) {
    this.item.name = "IQuest LSP";
    this.item.command = "iquest.menu";
    this.update();
    this.item.show();
  }

  update(): void {
    const found = describe(this.situation());
    this.actions = found.actions;
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
    const items = this.actions.map((action) => ({ label: action.title, command: action.command }));
    const placeHolder = [found.explanation, ...found.facts].join(" · ");
    const chosen = await vscode.window.showQuickPick(items, { title: "IQuest LSP", placeHolder });
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
    text.appendMarkdown("\n\n").appendText(fact);
  }
  const links = found.actions.map((action) => `[${action.title}](command:${action.command})`);
  text.appendMarkdown(`\n\n---\n\n${links.join(" · ")}`);
  text.isTrusted = { enabledCommands: found.actions.map((action) => action.command) };
  return text;
}
