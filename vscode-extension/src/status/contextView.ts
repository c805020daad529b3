import * as vscode from "vscode";
import type { Ask } from "../history/explain";
import { type Answer, CONTEXT, type ContextWindow } from "../server/protocol";
import { type Node, windowTree } from "./windowTree";

const VIEW = "iquest.context";
const SETTLE_MS = 400;

/** The view that shows what is sent to the model for the place at the cursor. */
export class ContextView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[] = [this.changes];
  private readonly view: vscode.TreeView<Node>;
  private timer: NodeJS.Timeout | undefined;
  private root: vscode.Uri | undefined;

  readonly onDidChangeTreeData = this.changes.event;

  constructor(
    private readonly ask: Ask,
    private readonly lastAnswer: () => Answer | undefined,
  ) {
    this.view = vscode.window.createTreeView(VIEW, { treeDataProvider: this });
    this.disposables.push(
      this.view,
      this.view.onDidChangeVisibility(() => this.refreshSoon()),
      vscode.window.onDidChangeActiveTextEditor(() => this.refreshSoon()),
      vscode.window.onDidChangeTextEditorSelection(() => this.refreshSoon()),
    );
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(node.label, node.children.length === 0 ? None : node.folded ? Collapsed : Expanded);
    item.description = node.description;
    item.tooltip = node.tooltip;
    item.iconPath = new vscode.ThemeIcon(node.icon);
    if (node.path !== undefined && this.root !== undefined) {
      item.contextValue = "file";
      item.command = { command: "iquest.openFile", title: "Open", arguments: [this.root.fsPath, node.path, node.line] };
    }
    return item;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node !== undefined) {
      return [...node.children];
    }
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined || editor.document.uri.scheme !== "file") {
      this.view.message = "Open a file to see what the model would be sent for the place at the cursor.";
      return [];
    }
    const uri = editor.document.uri.toString();
    const { line, character } = editor.selection.active;
    try {
      const window = await this.ask<ContextWindow>(CONTEXT, { textDocument: { uri }, position: { line, character } });
      this.view.message = "";
      this.root = vscode.Uri.parse(window.root);
      const answer = this.lastAnswer();
      return windowTree(window, answer?.uri === uri ? answer.tokens.reused : undefined);
    } catch (error) {
      this.view.message = error instanceof Error ? error.message : String(error);
      return [];
    }
  }

  /** Shows the view, and in it the window for the cursor's place as it is now. */
  async show(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    this.changes.fire();
  }

  refreshSoon(): void {
    clearTimeout(this.timer);
    if (this.view.visible) {
      this.timer = setTimeout(() => this.changes.fire(), SETTLE_MS);
    }
  }

  /** Keeps a file out of the window from now on, by the workspace's setting. */
  async exclude(node: Node | undefined): Promise<void> {
    if (node?.path === undefined || this.root === undefined) {
      return;
    }
    const configuration = vscode.workspace.getConfiguration("iquest", this.root);
    const pattern = `/${node.path.replace(/[\\*?[\]!# ]/g, "\\$&")}`;
    const patterns = configuration.inspect<string[]>("exclude")?.workspaceValue ?? configuration.get<string[]>("exclude") ?? [];
    if (!patterns.includes(pattern)) {
      await configuration.update("exclude", [...patterns, pattern], vscode.ConfigurationTarget.Workspace);
    }
    this.refreshSoon();
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.disposables).dispose();
  }
}
