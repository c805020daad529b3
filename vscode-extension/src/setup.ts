import { readdirSync } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import { PrivateEnvironment, suitablePython } from "./environment";
import { findServer, type Launch } from "./launch";
import { runProgram, which } from "./programs";
import { SECTION } from "./settings";

const OFFERED = "setup.offered";
const PYTHONS = ["python3.13", "python3.12", "python3.11", "python3", "python"];

/** Finds the Python side, and makes a private one when the user agrees. */
export class Setup {
  private readonly environment: PrivateEnvironment;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.environment = new PrivateEnvironment(path.join(context.globalStorageUri.fsPath, "server"), runProgram);
  }

  /** How to start the server, or undefined where there is none yet. */
  async find(): Promise<Launch | undefined> {
    const launch = await findServer({
      setting: this.setting<string[]>("server.command") ?? [],
      onPath: () => which(["iquest-lsp"]),
      privateCommand: () => this.environment.command(this.source()),
    });
    this.log.info(launch === undefined ? "no server found" : `server: ${launch.command} (${launch.origin})`);
    return launch;
  }

  /** As `offer`, once for each version of the server: who said no is not asked at every start. */
  async offerOnce(): Promise<boolean> {
    const source = this.source();
    if (this.context.globalState.get<string>(OFFERED) === source) {
      return false;
    }
    await this.context.globalState.update(OFFERED, source);
    return this.offer();
  }

  /** Asks whether to make a private environment, and makes it; true when there is a server to start afterwards. */
  async offer(): Promise<boolean> {
    const yes = "Set it up";
    const own = "I have it already";
    const answer = await vscode.window.showInformationMessage(
      "IQuest LSP needs its language server, a Python program. Shall it be installed into a private folder of this extension? Nothing else on this machine changes.",
      yes,
      own,
    );
    if (answer === own) {
      await vscode.commands.executeCommand("workbench.action.openSettings", `${SECTION}.server.command`);
    }
    return answer === yes && (await this.create());
  }

  private async create(): Promise<boolean> {
    const configured = this.setting<string>("server.python") ?? "";
    const candidates = configured !== "" ? [configured] : PYTHONS;
    const python = await suitablePython(candidates, runProgram);
    if (python === undefined) {
      const looked = configured === "" ? "none of python3.13 … python on PATH is" : `${configured} is not`;
      await this.complain(`Python 3.11 or newer is needed, and ${looked} one. Install it, or set ${SECTION}.server.python.`);
      return false;
    }
    const options = { location: vscode.ProgressLocation.Notification, title: "IQuest LSP", cancellable: true };
    try {
      await vscode.window.withProgress(options, (progress, token) => {
        const abort = new AbortController();
        token.onCancellationRequested(() => abort.abort());
        const report = (step: string, line: string): void => {
          this.log.info(`set-up: ${line === "" ? step : line}`);
          progress.report({ message: line === "" ? step : `${step}: ${line.trim().slice(0, 80)}` });
        };
        return this.environment.create(python, this.source(), report, abort.signal);
      });
      return true;
    } catch (error) {
      if (!(error instanceof Error && error.name === "AbortError")) {
        await this.complain(`The server could not be installed. ${error instanceof Error ? error.message : String(error)}`);
      }
      return false;
    }
  }

  /** What pip installs: the setting, else the source archive that came with the extension, else the package's name. */
  private source(): string {
    const configured = this.setting<string>("server.package") ?? "";
    if (configured !== "") {
      return configured;
    }
    const folder = path.join(this.context.extensionPath, "server");
    const [archive] = names(folder).filter((name) => name.endsWith(".tar.gz"));
    return archive === undefined ? "iquest-lsp" : path.join(folder, archive);
  }

  private async complain(message: string): Promise<void> {
    this.log.error(message);
    const show = "Show the log";
    if ((await vscode.window.showErrorMessage(message, show)) === show) {
      this.log.show();
    }
  }

  private setting<T>(name: string): T | undefined {
    return vscode.workspace.getConfiguration(SECTION).get<T>(name);
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // an extension built without the archive
  }
}
