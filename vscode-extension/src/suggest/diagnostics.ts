import * as vscode from "vscode";
import type { Diagnostic, LanguageClient } from "vscode-languageclient/node";
import { DIAGNOSTICS, type DiagnosticsAsked } from "../server/protocol";

/** Answers the server's question for what other tools complain of near the cursor; a server cannot see theirs itself. */
export function offerDiagnostics(client: LanguageClient): vscode.Disposable {
  return client.onRequest(DIAGNOSTICS, (asked: DiagnosticsAsked): Promise<Diagnostic[]> => {
    const { start, end } = asked.range;
    const range = new vscode.Range(new vscode.Position(start.line, start.character), new vscode.Position(end.line, end.character));
    const uri = client.protocol2CodeConverter.asUri(asked.textDocument.uri);
    return client.code2ProtocolConverter.asDiagnostics(complaints(vscode.languages.getDiagnostics(uri), range));
  });
}

/** Those that touch a range, the gravest first; hints are advice on style, and stay out. */
export function complaints(all: readonly vscode.Diagnostic[], range: vscode.Range): vscode.Diagnostic[] {
  return all
    .filter((one) => one.severity !== vscode.DiagnosticSeverity.Hint)
    .filter((one) => one.range.start.line <= range.end.line && one.range.end.line >= range.start.line)
    .sort((one, other) => one.severity - other.severity);
}
