import { randomUUID } from "node:crypto";
import {
  type ClientCapabilities,
  CloseAction,
  ErrorAction,
  type FeatureState,
  type Middleware,
  ProgressType,
  RevealOutputChannelOn,
  type StaticFeature,
} from "vscode-languageclient";
import { type Executable, LanguageClient, TransportKind } from "vscode-languageclient/node";
import type * as vscode from "vscode";
import type { Launch } from "./launch";
import { t } from "../words";
import { type Connection, NotToBeRun } from "./server";
import { traceInto } from "./trace";

/** Tells the server what this client listens to, can be asked, and shows in pages of its own. */
class Offers implements StaticFeature {
  fillClientCapabilities(capabilities: ClientCapabilities): void {
    const others = capabilities.experimental as Record<string, unknown> | undefined;
    capabilities.experimental = { ...others, iquest: { answers: true, diagnostics: true, pages: true, status: true } };
  }

  initialize(): void {
    // The server needs no more than the capability.
  }

  getState(): FeatureState {
    return { kind: "static" };
  }

  clear(): void {
    // Nothing is kept.
  }
}

/** A language client whose troubles go to the log and the status item, not into message boxes. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown, _showNotification?: boolean | "force"): void {
    super.error(message, data, false);
  }
}

/** One language client over one server process; made anew for every start. */
export class ClientConnection implements Connection {
  readonly client: LanguageClient;
  private readonly trace: vscode.Disposable;
  private listener: () => void = () => undefined;

  constructor(
    private readonly launch: Launch,
    log: vscode.LogOutputChannel,
    middleware: Middleware,
    initializationOptions: object,
    environment: Readonly<Record<string, string>>,
  ) {
    const server: Executable = {
      command: launch.command,
      args: [...launch.args],
      transport: TransportKind.stdio,
      options: { env: { ...process.env, ...environment } },
    };
    const trace = traceInto(log);
    this.trace = trace;
    this.client = new QuietClient("iquest", "IQuest LSP", server, {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-notebook-cell" }],
      outputChannel: log,
      traceOutputChannel: trace,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions,
      middleware,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          this.listener();
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    });
    this.client.registerFeature(new Offers());
  }

  async start(): Promise<void> {
    try {
      await this.client.start();
    } catch (error) {
      if (/\b(ENOENT|EACCES)\b/.test(String(error))) {
        throw new NotToBeRun(t("{0} is not to be found, or may not be run", this.launch.command), { cause: error });
      }
      throw error;
    }
  }

  async stop(): Promise<void> {
    try {
      if (this.client.needsStop()) {
        await this.client.stop();
      }
      await this.client.dispose();
    } finally {
      this.trace.dispose();
    }
  }

  abandon(): void {
    this.client.serverProcess?.kill("SIGKILL"); // it does not answer, and a client that starts cannot be stopped
    this.trace.dispose();
  }

  /** Sends a request of ours; the parts that come ahead of its answer go to `soFar`. */
  async ask<T, P = Partial<T>>(
    method: string,
    params: object,
    soFar?: (part: P) => void,
    token?: vscode.CancellationToken,
  ): Promise<T> {
    const withdrawal = token === undefined ? [] : [token]; // one that is undefined would count as a parameter
    if (soFar === undefined) {
      return this.client.sendRequest<T>(method, params, ...withdrawal);
    }
    const partialResultToken = randomUUID();
    const listening = this.client.onProgress(new ProgressType<P>(), partialResultToken, soFar);
    try {
      return await this.client.sendRequest<T>(method, { ...params, partialResultToken }, ...withdrawal);
    } finally {
      listening.dispose();
    }
  }

  onEnd(listener: () => void): void {
    this.listener = listener;
  }
}
