import * as vscode from "vscode";
import type { Asker } from "./ask/ask";
import type { ContextView } from "./status/contextView";
import type { Explainer } from "./history/explain";
import { showCommit } from "./history/git";
import { ACCEPTED, type InlineCompletions } from "./suggest/inline";
import type { NextEdits } from "./suggest/nextEdits";
import { SECTION, toggled } from "./server/settings";
import { type Statistics, statisticsPage } from "./status/statistics";
import type { StatusItem } from "./status/statusItem";
import { Report } from "./pages/report";
import type { Node } from "./status/windowTree";

/** What the commands act on. */
export interface Parts {
  readonly asker: Asker;
  readonly explainer: Explainer;
  readonly inline: InlineCompletions;
  readonly contextView: ContextView;
  readonly nextEdits: NextEdits;
  readonly statistics: Statistics;
  readonly status: StatusItem;
  readonly log: vscode.LogOutputChannel;
  restart(): Promise<void>;
  setUp(): Promise<void>;
  pickModel(): Promise<void>;
}

type Handler = (...args: never[]) => unknown;

/** Commands of the editor under names of ours, so that they are found in the palette and the documentation. */
const BUILT_IN: Readonly<Record<string, string>> = {
  "iquest.next": "editor.action.inlineSuggest.showNext",
  "iquest.previous": "editor.action.inlineSuggest.showPrevious",
  "iquest.acceptWord": "editor.action.inlineSuggest.acceptNextWord",
  "iquest.acceptLine": "editor.action.inlineSuggest.acceptNextLine",
};

/** Registers all commands of the manifest. */
export function registerCommands(parts: Parts): vscode.Disposable {
  const handlers: Record<string, Handler> = {
    "iquest.trigger": () => trigger(parts.inline),
    "iquest.toggle": toggle,
    "iquest.toggleLanguage": toggleLanguage,
    "iquest.explainDiff": () => parts.explainer.choose(),
    "iquest.explainChanges": (control?: { rootUri?: vscode.Uri }) => parts.explainer.sourceControl(control),
    "iquest.commitMessage": (control?: { rootUri?: vscode.Uri }) => parts.explainer.commitMessage(control),
    "iquest.explainThisDiff": () => parts.explainer.diffEditor(),
    "iquest.explainCommit": (item: unknown, uri?: vscode.Uri) => parts.explainer.timeline(item, uri),
    "iquest.ask": () => parts.asker.question(),
    "iquest.why": () => parts.explainer.why(),
    "iquest.showContext": () => parts.contextView.show(),
    "iquest.refreshContext": () => parts.contextView.refreshSoon(),
    "iquest.excludeFile": (node?: Node) => parts.contextView.exclude(node),
    "iquest.goToNextEdit": () => parts.nextEdits.go(),
    "iquest.takeNextEdit": () => parts.nextEdits.take(),
    "iquest.dismissNextEdit": () => parts.nextEdits.dismiss(),
    "iquest.allNextEdits": () => parts.nextEdits.all(),
    "iquest.pickModel": () => parts.pickModel(),
    "iquest.statistics": () => showStatistics(parts.statistics),
    "iquest.resetStatistics": () => parts.statistics.reset(),
    "iquest.restart": () => parts.restart(),
    "iquest.setUp": () => parts.setUp(),
    "iquest.showLog": () => parts.log.show(),
    "iquest.menu": () => parts.status.menu(),
    "iquest.walkthrough": () => vscode.commands.executeCommand("workbench.action.openWalkthrough", "iquest.iquest-lsp#start"),
    "iquest.showCommit": showCommit,
    "iquest.openFile": openFile,
    [ACCEPTED]: (characters: number, told?: vscode.Command) => accepted(parts.statistics, characters, told),
  };
  for (const [name, target] of Object.entries(BUILT_IN)) {
    handlers[name] = () => vscode.commands.executeCommand(target);
  }
  const registered = Object.entries(handlers).map(([name, handler]) =>
    vscode.commands.registerCommand(name, async (...args: never[]) => {
      try {
        await handler(...args);
      } catch (error) {
        parts.log.error(`${name}: ${String(error)}`);
        await vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
      }
    }),
  );
  return vscode.Disposable.from(...registered);
}

/** Counts an accepted suggestion, and tells the server, which counts for all editors. */
async function accepted(statistics: Statistics, characters: number, told: vscode.Command | undefined): Promise<void> {
  statistics.accepted(characters);
  if (told !== undefined) {
    await vscode.commands.executeCommand(told.command, ...((told.arguments ?? []) as unknown[]));
  }
}

async function trigger(inline: InlineCompletions): Promise<void> {
  inline.askAnew();
  await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
}

async function toggle(): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  const workspace = configuration.inspect<boolean>("enable")?.workspaceValue !== undefined;
  await configuration.update("enable", !configuration.get<boolean>("enable"), !workspace);
}

async function toggleLanguage(): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  if (language === undefined) {
    return;
  }
  const configuration = vscode.workspace.getConfiguration(SECTION);
  const workspace = configuration.inspect("disabledLanguages")?.workspaceValue !== undefined;
  const languages = configuration.get<string[]>("disabledLanguages") ?? [];
  await configuration.update("disabledLanguages", toggled(languages, language), !workspace);
}

async function showStatistics(statistics: Statistics): Promise<void> {
  await new Report("IQuest statistics").show(statisticsPage(statistics.snapshot));
}

/** Opens a file of a repository or workspace at a line (1-based); only files inside `folder`. */
async function openFile(folder: string, path: string, line = 1): Promise<void> {
  const root = vscode.Uri.file(folder);
  const uri = vscode.Uri.joinPath(root, path);
  if (!uri.path.startsWith(`${root.path.replace(/\/$/, "")}/`)) {
    throw new Error(`${path} lies outside ${folder}`);
  }
  const at = new vscode.Position(line - 1, 0);
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(at, at), preview: true });
}
