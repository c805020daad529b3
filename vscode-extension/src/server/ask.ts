import type * as vscode from "vscode";

/**
 * Asks the server; rejects with what the user should know. `soFar` gets the parts of the answer that come ahead of it;
 * `token` takes the question back.
 */
export type Ask = <T, P = Partial<T>>(
  method: string,
  params: object,
  soFar?: (part: P) => void,
  token?: vscode.CancellationToken,
) => Promise<T>;
