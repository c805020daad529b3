import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** The commands that links in a report may run. */
const COMMANDS = ["iquest.showCommit", "iquest.openFile"];

/** A page of markdown beside the editor, whose text may be replaced while it is looked at. */
export class Report {
  private readonly panel: vscode.WebviewPanel;
  private closed = false;

  constructor(title: string) {
    this.panel = vscode.window.createWebviewPanel(
      "iquest.report",
      title,
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, enableCommandUris: COMMANDS, enableFindWidget: true, localResourceRoots: [] },
    );
    this.panel.onDidDispose(() => (this.closed = true));
    this.panel.webview.html = page(title);
  }

  /** Shows this text in place of what was there. */
  async show(markdown: string): Promise<void> {
    const html = await vscode.commands.executeCommand<string>("markdown.api.render", markdown);
    if (!this.closed) {
      await this.panel.webview.postMessage(html);
    }
  }

  /** Shows "working" until `work` gives the text; an error becomes the text. */
  async fill(work: () => Promise<string>): Promise<void> {
    try {
      await this.show(await work());
    } catch (error) {
      await this.show(`# That did not work\n\n${plain(error instanceof Error ? error.message : String(error))}`);
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
