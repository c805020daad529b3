import * as path from "node:path";
import * as vscode from "vscode";
import { type Offer, offerOf } from "./carried";
import { PrivateEnvironment, pythonTag, suitablePython } from "./environment";
import { findServer, type Launch } from "./launch";
import { runProgram, which } from "./programs";
import { SECTION } from "./settings";
import { noCompiler, oldPython, troubleWith } from "./setupTrouble";
import { t } from "../words";

const OFFERED = "setup.offered";
/** The runtime is compiled for this machine; these are the names that CMake looks for. */
const COMPILERS = ["c++", "g++", "clang++", "CC"];
const PYTHONS = ["python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"];

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
    const source = this.offered().source.install;
    if (this.context.globalState.get<string>(OFFERED) === source) {
      return false;
    }
    await this.context.globalState.update(OFFERED, source);
    return true;
  }

  private async privateCommand(): Promise<readonly string[] | undefined> {
    const own = await this.environment.command(this.offered().source.install);
    const found = own ?? (await this.environment.newest());
    this.outdated = own === undefined && found !== undefined;
    return found;
  }

  /** Asks whether to make a private environment, and makes it; true when there is a server to start afterwards. */
  async offer(): Promise<boolean> {
    const yes = t("Set it up");
    const own = t("I have it already");
    const python = await this.python();
    const answer = await vscode.window.showInformationMessage(
      question(this.offered(python === undefined ? undefined : await pythonTag(python, runProgram)), this.environment.folder),
      yes,
      own,
    );
    if (answer === own) {
      await vscode.commands.executeCommand("workbench.action.openSettings", `${SECTION}.server.command`);
    }
    return answer === yes && (await this.create());
  }

  /** Tries until it is there or the user has had enough. */
  private async create(): Promise<boolean> {
    for (;;) {
      const trouble = await this.attempt();
      if (trouble === undefined) {
        return true;
      }
      if (trouble === "" || !(await this.again(trouble))) {
        return false;
      }
    }
  }

  /** One attempt: undefined where it worked, else why it did not in one sentence, "" where the user ended it. */
  private async attempt(): Promise<string | undefined> {
    const python = await this.python();
    if (python === undefined) {
      return oldPython();
    }
    const { source } = this.offered(await pythonTag(python, runProgram));
    if (!source.install.endsWith(".whl") && process.env["CXX"] === undefined && (await which(COMPILERS)) === undefined) {
      return noCompiler();
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
        return this.environment.create(python, source, report, abort.signal);
      });
      return undefined;
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") {
        return "";
      }
      this.log.error(error instanceof Error ? error.message : String(error));
      return troubleWith(error);
    }
  }

  /** Tells of the trouble; whether another attempt is wished. The log may be looked at before. */
  private async again(trouble: string): Promise<boolean> {
    this.log.error(trouble);
    const retry = t("Retry");
    const show = t("Show the log");
    const chosen = await vscode.window.showErrorMessage(trouble, retry, show);
    if (chosen === show) {
      this.log.show();
      return (await vscode.window.showErrorMessage(trouble, retry)) === retry;
    }
    return chosen === retry;
  }

  private async python(): Promise<string | undefined> {
    const configured = this.setting<string>("server.python") ?? "";
    return suitablePython(configured !== "" ? [configured] : PYTHONS, runProgram);
  }

  private offered(tag?: string): Offer {
    return offerOf(this.context.extensionPath, this.setting<string>("server.package") ?? "", tag);
  }

  private setting<T>(name: string): T | undefined {
    return vscode.workspace.getConfiguration(SECTION).get<T>(name);
  }
}

/** Whether to install it: what will be put where, and what is fetched for it. */
export function question({ source, origin }: Offer, folder: string): string {
  if (source.carried !== undefined) {
    return t("IQuest LSP needs its language server, a Python program, which this extension carries. Shall it be put into {0}? It takes some 150 MB there; nothing is fetched, and nothing else on this machine changes.", folder);
  }
  if (origin === "setting") {
    return t("IQuest LSP needs its language server, a Python program. Shall {1}, which the setting iquest.server.package names, be installed into {0}? What it needs is fetched from the package index; nothing else on this machine changes.", folder, source.install);
  }
  if (origin === "wheel") {
    return t("IQuest LSP needs its language server, a Python program, which this extension carries. Shall it be put into {0}? The packages that it uses are fetched from the package index; nothing else on this machine changes.", folder);
  }
  return t("IQuest LSP needs its language server, a Python program. Shall it be put into {0}? The packages that it uses are fetched from the package index, and the model's runtime is compiled for this machine, which takes some minutes; nothing else on this machine changes.", folder);
}
