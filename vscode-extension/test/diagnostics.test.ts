import { expect, test } from "vitest";
import type * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { complaints, offerDiagnostics } from "../src/suggest/diagnostics";
import { asked, DiagnosticSeverity, diagnostics, Position, Range } from "./fakes/vscode";

const { Error, Warning, Hint } = DiagnosticSeverity;

function at(first: number, last: number): vscode.Range {
  return new Range(new Position(first, 0), new Position(last, 0)) as unknown as vscode.Range;
}

function diagnostic(message: string, severity: number, first: number, last = first): vscode.Diagnostic {
  return { message, severity, range: at(first, last) } as vscode.Diagnostic;
}

function messages(found: readonly vscode.Diagnostic[]): string[] {
  return found.map((one) => one.message);
}

test("what touches the range is told, the gravest first, without advice on style", () => {
  const all = [
    diagnostic("above", Error, 9),
    diagnostic("a warning on the first line", Warning, 10),
    diagnostic("an error that reaches in from above", Error, 2, 10),
    diagnostic("an error on the last line", Error, 30, 40),
    diagnostic("below", Error, 31),
    diagnostic("could be shorter", Hint, 20),
  ];
  expect(messages(complaints(all, at(10, 30)))).toEqual([
    "an error that reaches in from above",
    "an error on the last line",
    "a warning on the first line",
  ]);
});

test("the server is answered for the document and the range it names, in the protocol's terms", async () => {
  let answer: ((asked: object) => Promise<unknown>) | undefined;
  const client = {
    onRequest: (method: string, handler: typeof answer) => {
      expect(method).toBe("iquest/diagnostics");
      answer = handler;
    },
    protocol2CodeConverter: { asUri: (uri: string) => ({ uri }) },
    code2ProtocolConverter: { asDiagnostics: async (found: vscode.Diagnostic[]) => messages(found) },
  };
  offerDiagnostics(client as unknown as LanguageClient);
  diagnostics.push(diagnostic("near", Error, 5), diagnostic("far", Error, 500));
  const range = { start: { line: 0, character: 0 }, end: { line: 41, character: 0 } };
  expect(await answer?.({ textDocument: { uri: "file:///a.py" }, range })).toEqual(["near"]);
  expect(asked).toEqual([{ uri: "file:///a.py" }]);
});
