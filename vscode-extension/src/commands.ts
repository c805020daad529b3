import * as vscode from "vscode";
import type { Asker } from "./ask/ask";
import type { Explainer } from "./history/explain";
import { showCommit } from "./history/git";
import type { Review } from "./history/review";
import type { Control } from "./history/where";
import type { Teller } from "./history/why";
import type { Place } from "./pages/whyReport";
import type { Pages } from "./pages/report";
import { statisticsPage } from "./pages/statisticsPage";
import type { ContextView } from "./status/contextView";
import type { Statistics } from "./status/statistics";
import type { StatusItem } from "./status/statusItem";
import type { Node } from "./status/windowTree";
import type { EditSelection } from "./suggest/editSelection";
import { ACCEPTED, type InlineCompletions } from "./suggest/inline";
import type { NextEdits } from "./suggest/nextEdits";
import type { Snooze } from "./suggest/snooze";
import { flip, pickPause, toggle, toggleLanguage } from "./suggest/switches";
import { t } from "./words";

/** What the commands act on. */
export interface Parts {
  readonly asker: Asker;
  readonly explainer: Explainer;
  readonly teller: Teller;
  readonly review: Review;
  readonly inline: InlineCompletions;
  readonly editSelection: EditSelection;
  readonly snooze: Snooze;
  readonly contextView: ContextView;
  readonly nextEdits: NextEdits;
  readonly pages: Pages;
  readonly statistics: Statistics;
  readonly status: StatusItem;
  readonly log: vscode.LogOutputChannel;
  restart(): Promise<void>;
  setUp(): Promise<void>;
  pickModel(): Promise<void>;
  pickAnswerModel(): Promise<void>;
  commitMessage(control: Control | undefined): Promise<void>;
  whyNothing(): Promise<void>;
}

type Handler = (...args: never[]) => unknown;

/** Commands of the editor under names of ours, so that they are found in the palette and the documentation. */
const BUILT_IN: Readonly<Record<string, string>> = {
  "iquest.next": "editor.action.inlineSuggest.showNext",
  "iquest.previous": "editor.action.inlineSuggest.showPrevious",
  "iquest.acceptWord": "editor.action.inlineSuggest.acceptNextWord",
  "iquest.acceptLine": "editor.action.inlineSuggest.acceptNextLine",
  "iquest.acceptAll": "editor.action.inlineSuggest.commit",
};

/** Registers all commands of the manifest. */
export function registerCommands(parts: Parts): vscode.Disposable {
  const handlers: Record<string, Handler> = {
    "iquest.trigger": () => trigger(parts.inline),
    "iquest.toggle": toggle,
    "iquest.toggleLanguage": toggleLanguage,
    "iquest.explainDiff": () => parts.explainer.choose(),
    "iquest.explainChanges": (control?: Control) => parts.explainer.sourceControl(control),
    "iquest.explainGroup": (group?: object) => parts.explainer.group(group),
    "iquest.explainFile": (resource?: object) => parts.explainer.file(resource),
    "iquest.commitMessage": (control?: Control) => parts.commitMessage(control),
    "iquest.review": (control?: Control) => parts.review.staged(control),
    "iquest.clearReview": () => parts.review.clear(),
    "iquest.explainThisDiff": () => parts.explainer.diffEditor(),
    "iquest.explainCommit": (item: unknown, uri?: vscode.Uri) => parts.explainer.timeline(item, uri),
    "iquest.ask": () => parts.asker.question(),
    "iquest.why": (place?: unknown) => parts.teller.why(placeIn(place)),
    "iquest.impact": (place?: unknown) => parts.teller.impact(placeIn(place)),
    "iquest.suspects": (place?: unknown) => parts.teller.suspects(placeIn(place)),
    "iquest.back": () => parts.pages.back(),
    "iquest.editSelection": () => parts.editSelection.propose(),
    "iquest.takeEdit": () => parts.editSelection.take(),
    "iquest.discardEdit": () => parts.editSelection.close(),
    "iquest.toggleLineEnd": () => flip("editor.lineEnd"),
    "iquest.toggleNewLines": () => flip("editor.newLines"),
    "iquest.snooze": async () => {
      const minutes = await pickPause();
      if (minutes !== undefined) {
        parts.snooze.sleep(minutes);
      }
    },
    "iquest.wake": () => parts.snooze.wake(),
    "iquest.whyNothing": () => parts.whyNothing(),
    "iquest.settings": () => vscode.commands.executeCommand("workbench.action.openSettings", `@ext:iquest.iquest-lsp`),
    "iquest.showContext": () => parts.contextView.show(),
    "iquest.refreshContext": () => parts.contextView.refreshSoon(),
    "iquest.showPiece": (node?: Node) => parts.contextView.showPiece(node),
    "iquest.excludeFile": (node?: Node) => parts.contextView.exclude(node),
    "iquest.goToNextEdit": () => parts.nextEdits.go(),
    "iquest.takeNextEdit": () => parts.nextEdits.take(),
    "iquest.dismissNextEdit": () => parts.nextEdits.dismiss(),
    "iquest.allNextEdits": () => parts.nextEdits.all(),
    "iquest.pickModel": () => parts.pickModel(),
    "iquest.pickAnswerModel": () => parts.pickAnswerModel(),
    "iquest.statistics": () => parts.pages.open(t("IQuest statistics")).show(statisticsPage(parts.statistics.snapshot)),
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

/** A place as links give it; menus give something else, and then the cursor's is meant. */
function placeIn(given: unknown): Place | undefined {
  const { uri, line } = (given ?? {}) as { uri?: unknown; line?: unknown };
  return typeof uri === "string" && typeof line === "number" ? { uri, line } : undefined;
}

/** Opens a file of a repository or workspace at a line (1-based); only files inside `folder`. */
async function openFile(folder: string, path: string, line = 1): Promise<void> {
  const root = vscode.Uri.file(folder);
  const uri = vscode.Uri.joinPath(root, path);
  if (!uri.path.startsWith(`${root.path.replace(/\/$/, "")}/`)) {
    throw new Error(t("{0} lies outside {1}", path, folder));
  }
  const at = new vscode.Position(line - 1, 0);
  // Where text is looked at already, so that the page whose link this was stays in sight.
  const viewColumn = vscode.window.activeTextEditor?.viewColumn ?? vscode.window.visibleTextEditors[0]?.viewColumn ?? vscode.ViewColumn.One;
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(at, at), preview: true, viewColumn });
}
