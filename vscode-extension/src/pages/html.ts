import { randomBytes } from "node:crypto";
import { env } from "vscode";
import { t } from "../words";

/** Text as HTML shows it. */
export function plain(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
}

/** The frame that texts are put into. The last one is kept in its state, since a hidden page is thrown away and made again. */
export function frame(title: string): string {
  const nonce = randomBytes(16).toString("base64");
  return `<!DOCTYPE html>
<html lang="${plain(env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}';">
<title>${plain(title)}</title>
<style nonce="${nonce}">
body { padding: 0 2em 2em; max-width: 60em; line-height: 1.5; overflow-wrap: anywhere; }
code { font-family: var(--vscode-editor-font-family); background: var(--vscode-textCodeBlock-background); padding: 0 .25em; border-radius: 3px; }
a { color: var(--vscode-textLink-foreground); text-decoration: underline; }
a code { color: inherit; }
a:focus-visible, input:focus-visible, button:focus-visible { outline: 2px solid var(--vscode-focusBorder); outline-offset: 2px; }
h1 { font-size: 1.5em; border-bottom: 1px solid var(--vscode-contrastBorder, var(--vscode-widget-border, currentColor)); padding-bottom: .3em; }
h2 { font-size: 1.15em; margin-top: 1.5em; }
ul { padding-left: 1.5em; }
blockquote { margin: .5em 0; padding: 0 1em; border-left: 3px solid var(--vscode-textBlockQuote-border, currentColor); }
table { border-collapse: collapse; } td, th { padding: .2em 1em .2em 0; text-align: left; overflow-wrap: break-word; }
form { display: flex; gap: .5em; margin-top: 1.5em; } form[hidden] { display: none; }
input { flex: 1; min-width: 0; font: inherit; padding: .35em .5em; color: var(--vscode-input-foreground); background: var(--vscode-input-background); border: 1px solid var(--vscode-contrastBorder, var(--vscode-input-border, var(--vscode-widget-border, currentColor))); }
button { font: inherit; padding: .35em 1em; color: var(--vscode-button-foreground); background: var(--vscode-button-background); border: 1px solid var(--vscode-contrastBorder, transparent); cursor: pointer; }
</style>
</head>
<body>
<main id="main" aria-live="polite"><p role="status">${plain(t("Reading the history …"))}</p></main>
<form id="more" hidden>
<input id="question" type="text" aria-label="${plain(t("Ask further"))}" placeholder="${plain(t("Ask further"))}">
<button type="submit">${plain(t("Ask"))}</button>
</form>
<script nonce="${nonce}">
const editor = acquireVsCodeApi();
const main = document.getElementById("main");
const form = document.getElementById("more");
const question = document.getElementById("question");
let state = editor.getState() || { html: main.innerHTML, form: false };
const show = () => { main.innerHTML = state.html; form.hidden = !state.form; };
show();
addEventListener("message", ({ data }) => {
  state = typeof data === "string" ? { ...state, html: data } : { ...state, ...data };
  show();
  editor.setState(state);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (question.value.trim() === "") return;
  editor.postMessage({ question: question.value });
  question.value = "";
});
</script>
</body>
</html>`;
}
