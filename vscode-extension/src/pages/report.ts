import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** The commands that links in a report may run. */
const COMMANDS = ["iquest.showCommit", "iquest.openFile"];

const WORKING = "*Reading the history …*";

/** A page of markdown beside the editor, whose text may be replaced while it is looked at. */
export class Report {
  private readonly panel: vscode.WebviewPanel;
  private readonly withdrawal = new vscode.CancellationTokenSource();
  private closed = false;
  private wanted = "";
  private rendering: Promise<void> | undefined;

  constructor(title: string) {
    this.panel = vscode.window.createWebviewPanel(
      "iquest.report",
      title,
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, enableCommandUris: COMMANDS, enableFindWidget: true, localResourceRoots: [] },
    );
    this.panel.onDidDispose(() => {
      this.closed = true;
      this.withdrawal.cancel();
    });
    this.panel.webview.html = page(title);
  }

  /** Shows this text in place of what was there; of several that come at once the last one counts. */
  show(markdown: string): Promise<void> {
    this.wanted = markdown;
    this.rendering ??= this.render().finally(() => (this.rendering = undefined));
    return this.rendering;
  }

  /**
   * Shows "working" until `work` gives the text, and above it what `work` has so far; an error becomes the text.
   * The token is cancelled when the page is closed.
   */
  async fill(work: (soFar: (markdown: string) => void, token: vscode.CancellationToken) => Promise<string>): Promise<void> {
    try {
      const text = await work((part) => void this.show(`${part}\n\n${WORKING}`), this.withdrawal.token);
      await this.show(text);
    } catch (error) {
      if (!this.closed) {
        await this.show(`# That did not work\n\n${plain(error instanceof Error ? error.message : String(error))}`);
      }
    }
  }

  private async render(): Promise<void> {
    let shown: string | undefined;
    while (shown !== this.wanted && !this.closed) {
      shown = this.wanted;
      const html = await vscode.commands.executeCommand<string>("markdown.api.render", shown);
      if (!this.closed) {
        await this.panel.webview.postMessage(html);
      }
    }
  }
}

function plain(text: string): string {
  return `<p>${text.replace(/&/g, "&amp;").replace(/</g, "&lt;")}</p>`;
}

// The last message is kept in the page's state, since a hidden page is thrown away and made again.
function page(title: string): string {
  const nonce = randomBytes(16).toString("base64");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}';">
<title>${plain(title)}</title>
<style nonce="${nonce}">
body { padding: 0 2em 2em; max-width: 60em; line-height: 1.5; }
code { font-family: var(--vscode-editor-font-family); background: var(--vscode-textCodeBlock-background); padding: 0 .25em; border-radius: 3px; }
a code { color: var(--vscode-textLink-foreground); }
h1 { font-size: 1.5em; border-bottom: 1px solid var(--vscode-widget-border, transparent); padding-bottom: .3em; }
h2 { font-size: 1.15em; margin-top: 1.5em; }
table { border-collapse: collapse; } td, th { padding: .2em 1em .2em 0; text-align: left; }
.waiting { opacity: .7; }
</style>
</head>
<body>
<main id="main"><p class="waiting">Reading the history …</p></main>
<script nonce="${nonce}">
const editor = acquireVsCodeApi();
const main = document.getElementById("main");
const show = (html) => { main.innerHTML = html; };
if (editor.getState()) show(editor.getState());
addEventListener("message", ({ data }) => { show(data); editor.setState(data); });
</script>
</body>
</html>`;
}
