import * as vscode from "vscode";
import type { Ask } from "../server/ask";
import { type Answer, CONTEXT, type ContextWindow } from "../server/protocol";
import { t } from "../words";
import { type Node, windowTree } from "./windowTree";

const VIEW = "iquest.context";
const SETTLE_MS = 400;
/** The scheme of the documents that hold a piece's text. */
export const PIECE = "iquest-piece";
/** Where there is a place to complete at. */
const SCHEMES = ["file", "untitled", "vscode-notebook-cell"];

/** The view that shows what is sent to the model for the place at the cursor. */
export class ContextView implements vscode.TreeDataProvider<Node>, vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[] = [this.changes];
  private readonly view: vscode.TreeView<Node>;
  private timer: NodeJS.Timeout | undefined;
  private root: vscode.Uri | undefined;
  /** What is shown, and as text to compare with: drawn anew only where it differs, since that closes an open menu. */
  private shown: { readonly nodes: readonly Node[]; readonly text: string } | undefined;
  private readonly texts = new Map<string, string>();

  readonly onDidChangeTreeData = this.changes.event;

  constructor(
    private readonly ask: Ask,
    /** The last answer, and the last one that was evaluated, not remembered. */
    private readonly lastAnswers: () => { readonly any: Answer | undefined; readonly evaluated: Answer | undefined },
  ) {
    this.view = vscode.window.createTreeView(VIEW, { treeDataProvider: this });
    this.disposables.push(
      this.view,
      vscode.workspace.registerTextDocumentContentProvider(PIECE, this),
      vscode.workspace.onDidCloseTextDocument((document) => this.texts.delete(document.uri.toString())),
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
      item.command = { command: "iquest.openFile", title: t("Open"), arguments: [this.root.fsPath, node.path, node.line] };
    } else if (node.text !== undefined) {
      item.contextValue = "piece";
      item.command = { command: "iquest.showPiece", title: t("Show the text"), arguments: [node] };
    }
    item.accessibilityInformation = { label: node.spoken ?? [node.label, node.description].filter(Boolean).join(", ") };
    return item;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node !== undefined) {
      return [...node.children];
    }
    const nodes = this.shown?.nodes ?? (await this.look());
    this.shown = { nodes, text: JSON.stringify(nodes) };
    return [...nodes];
  }

  /** What there is to show for the place at the cursor. */
  private async look(): Promise<readonly Node[]> {
    const editor = vscode.window.activeTextEditor;
    if (editor?.document.uri.scheme === PIECE && this.shown !== undefined) {
      return this.shown.nodes; // a piece is looked at: the window that it is of stays
    }
    if (editor === undefined || !SCHEMES.includes(editor.document.uri.scheme)) {
      this.view.message = t("Open a file to see what the model would be sent for the place at the cursor.");
      return [];
    }
    const uri = editor.document.uri.toString();
    const { line, character } = editor.selection.active;
    try {
      const window = await this.ask<ContextWindow>(CONTEXT, { textDocument: { uri }, position: { line, character }, texts: true });
      this.view.message = "";
      this.root = vscode.Uri.parse(window.root);
      const { any, evaluated } = this.lastAnswers();
      const reused = evaluated?.uri === uri ? evaluated.tokens.reused : undefined;
      return windowTree(window, reused, any?.uri === uri && any.source === "cache");
    } catch (error) {
      this.view.message = error instanceof Error ? error.message : String(error);
      return [];
    }
  }

  /** Shows the view, and in it the window for the cursor's place as it is now. */
  async show(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    await this.renew();
  }

  /** Looks again, and draws what is another one. */
  private async renew(): Promise<void> {
    const nodes = await this.look();
    const text = JSON.stringify(nodes);
    if (text !== this.shown?.text) {
      this.shown = { nodes, text };
      this.changes.fire();
    }
  }

  /** Opens the text of a piece, as the model is sent it. */
  async showPiece(node: Node | undefined): Promise<void> {
    if (node?.text === undefined) {
      return;
    }
    const uri = vscode.Uri.from({ scheme: PIECE, path: `/${node.label.replaceAll("/", "-")}`, query: String(Date.now()) });
    this.texts.set(uri.toString(), node.text);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }

  refreshSoon(): void {
    clearTimeout(this.timer);
    if (this.view.visible) {
      this.timer = setTimeout(() => void this.renew(), SETTLE_MS);
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
