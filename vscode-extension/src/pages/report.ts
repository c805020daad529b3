import * as vscode from "vscode";
import { t } from "../words";
import { frame } from "./html";
import { commandLink, prose } from "./markup";

/** The commands that links in a page may run. */
const COMMANDS = [
  "iquest.showCommit", "iquest.openFile", "iquest.allNextEdits", "iquest.suspects", "iquest.back", "iquest.pickAnswerModel",
  "workbench.action.openSettings",
];
/** So many pages can be gone back to. */
const KEPT = 20;

/** What a page was, so that it can be shown again. */
interface Past {
  readonly title: string;
  readonly markdown: string;
  readonly further: Further | undefined;
}

/** Answers what is asked further at the foot of a page. */
export type Further = (question: string) => void;

/** The one panel beside the editor in which all answers are shown, one after the other; one can go back. */
export class Pages implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private current: Report | undefined;
  private readonly past: Past[] = [];
  private form = false;

  /** A page with this title in place of the one that is there, whose question is taken back. */
  open(title: string, further?: Further): Report {
    this.keep();
    return this.begin(title, further);
  }

  /** The page before this one, as it was. */
  back(): void {
    const past = this.past.pop();
    if (past !== undefined) {
      void this.begin(past.title, past.further).show(past.markdown);
    }
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private keep(): void {
    if (this.current !== undefined && this.panel !== undefined && this.current.text !== "") {
      this.past.push({ title: this.current.title, markdown: this.current.text, further: this.current.further });
      this.past.splice(0, this.past.length - KEPT);
    }
  }

  private begin(title: string, further: Further | undefined): Report {
    this.current?.withdraw();
    const reused = this.panel !== undefined;
    const panel = (this.panel ??= this.create(title));
    panel.title = title;
    panel.reveal(undefined, true);
    const report = new Report(title, further, panel, reused, () => (this.past.length > 0 ? `${commandLink(`← ${t("Back")}`, "iquest.back")}\n\n` : ""));
    this.current = report;
    const form = further !== undefined;
    if (form !== this.form) {
      this.form = form;
      void panel.webview.postMessage({ form });
    }
    return report;
  }

  private create(title: string): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel(
      "iquest.report",
      title,
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, enableCommandUris: COMMANDS, enableFindWidget: true, localResourceRoots: [] },
    );
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.form = false;
      this.past.length = 0;
      this.current?.withdraw();
      this.current = undefined;
    });
    panel.webview.onDidReceiveMessage((message: { question?: unknown }) => {
      if (typeof message.question === "string") {
        this.current?.further?.(message.question);
      }
    });
    panel.webview.html = frame(title);
    return panel;
  }
}

/** One answer on its way to the panel; it may be replaced while it is looked at. */
export class Report {
  private readonly withdrawal = new vscode.CancellationTokenSource();
  private closed = false;
  private wanted = "";
  private rendering: Promise<void> | undefined;

  constructor(
    readonly title: string,
    readonly further: Further | undefined,
    private readonly panel: vscode.WebviewPanel,
    /** Whether something else is still shown. */
    private readonly reused: boolean,
    private readonly head: () => string,
  ) {}

  /** What is shown now. */
  get text(): string {
    return this.wanted;
  }

  /** The question is taken back, and nothing more is shown. */
  withdraw(): void {
    this.closed = true;
    this.withdrawal.cancel();
  }

  /** Shows this text in place of what was there; of several that come at once the last one counts. */
  show(markdown: string): Promise<void> {
    this.wanted = markdown;
    this.rendering ??= this.render();
    return this.rendering;
  }

  /**
   * Shows "working" until `work` gives the text, and above it what `work` has so far; an error becomes the text.
   * What comes beside the work and after its end counts no more: it would put "working" over an error for good.
   * The token is cancelled when the page is closed, or another one takes its place.
   */
  async fill(work: (soFar: (markdown: string) => void, token: vscode.CancellationToken) => Promise<string>): Promise<void> {
    const working = `*${t("Reading the history …")}*`;
    let ended = false;
    const soFar = (part: string): void => {
      if (!ended) {
        void this.show(`${part}\n\n${working}`);
      }
    };
    try {
      if (this.reused) {
        void this.show(working);
      }
      const text = await work(soFar, this.withdrawal.token);
      ended = true;
      await this.show(text);
    } catch (error) {
      ended = true;
      if (!this.closed) {
        const why = prose(error instanceof Error ? error.message : String(error));
        await this.show(`# ${t("That did not work")}\n\n${why}`);
      }
    }
  }

  private async render(): Promise<void> {
    try {
      let shown: string | undefined;
      while (shown !== this.wanted && !this.closed) {
        shown = this.wanted;
        const html = await vscode.commands.executeCommand<string>("markdown.api.render", this.head() + shown);
        if (!this.closed) {
          await this.panel.webview.postMessage(html);
        }
      }
    } finally {
      this.rendering = undefined; // in the same step as the last look at what is wanted: later, a text that comes between would wait for the next
    }
  }
}
