import { readdirSync } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import { PrivateEnvironment, suitablePython } from "./environment";
import { findServer, type Launch } from "./launch";
import { runProgram, which } from "./programs";
import { SECTION } from "./settings";

const OFFERED = "setup.offered";
/** The runtime is compiled for this machine; these are the names that CMake looks for. */
const COMPILERS = ["c++", "g++", "clang++", "CC"];
const NO_COMPILER =
  "A C++ compiler is needed: the model's runtime is built for this machine, once. Install one (Debian: apt-get install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install) and set the server up again.";
const PYTHONS = ["python3.13", "python3.12", "python3.11", "python3", "python"];

/** Finds the Python side, and makes a private one when the user agrees. */
export class Setup {
  private readonly environment: PrivateEnvironment;
  private outdated = false;

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
      privateCommand: () => this.privateCommand(),
    });
    this.log.info(launch === undefined ? "no server found" : `server: ${launch.command} (${launch.origin})`);
    return launch;
  }

  /**
   * Makes a new private environment where the one in use came with an older version of this extension; true when the
   * server is to be started anew. The user agreed to the private folder when the first one was made.
   */
  async update(): Promise<boolean> {
    return this.outdated && (await this.firstTime()) && (await this.create());
  }

  /** As `offer`, once for each version of the server: who said no is not asked at every start. */
  async offerOnce(): Promise<boolean> {
    return (await this.firstTime()) && (await this.offer());
  }

  private async firstTime(): Promise<boolean> {
    const source = this.source();
    if (this.context.globalState.get<string>(OFFERED) === source) {
      return false;
    }
    await this.context.globalState.update(OFFERED, source);
    return true;
  }

  private async privateCommand(): Promise<readonly string[] | undefined> {
    const own = await this.environment.command(this.source());
    const found = own ?? (await this.environment.newest());
    this.outdated = own === undefined && found !== undefined;
    return found;
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
    if (process.env["CXX"] === undefined && (await which(COMPILERS)) === undefined) {
      await this.complain(NO_COMPILER);
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
