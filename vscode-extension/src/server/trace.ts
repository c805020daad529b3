import * as vscode from "vscode";
import { SECTION } from "./settings";

/**
 * The log as the language client traces into it: `iquest.trace.server` alone decides whether anything is traced, which
 * the client would otherwise do only while the log itself shows everything.
 */
export function traceInto(log: vscode.LogOutputChannel): vscode.LogOutputChannel & vscode.Disposable {
  const level = (): vscode.LogLevel => {
    const wanted = vscode.workspace.getConfiguration(SECTION).get<string>("trace.server") ?? "off";
    return wanted === "off" ? vscode.LogLevel.Info : vscode.LogLevel.Trace;
  };
  const changes = new vscode.EventEmitter<vscode.LogLevel>();
  const listening = vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(`${SECTION}.trace.server`)) {
      changes.fire(level());
    }
  });
  return Object.create(log, {
    logLevel: { get: level },
    onDidChangeLogLevel: { value: changes.event },
    trace: { value: (message: string, ...values: unknown[]) => log.info(message, ...values) },
    dispose: { value: () => vscode.Disposable.from(listening, changes).dispose() },
  }) as vscode.LogOutputChannel;
}
