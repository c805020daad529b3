import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import * as path from "node:path";
import { t } from "../words";

/** Runs a program to its end; each line of its output goes to `onLine`. Rejects with its last lines if it fails. */
export type Run = (command: readonly string[], onLine: (line: string) => void, signal?: AbortSignal) => Promise<void>;

const LAST_LINES = 60;

export const runProgram: Run = (command, onLine, signal) =>
  new Promise((resolve, reject) => {
    const [program = "", ...rest] = command;
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"], ...(signal === undefined ? {} : { signal }) });
    const last: string[] = [];
    let rest_ = "";
    const take = (data: Buffer): void => {
      const lines = (rest_ + data.toString("utf8")).split(/\r?\n/);
      rest_ = lines.pop() ?? "";
      for (const line of lines.filter((text) => text.trim() !== "")) {
        last.push(line);
        last.splice(0, last.length - LAST_LINES);
        onLine(line);
      }
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", reject);
    child.on("close", (code) => {
      take(Buffer.from("\n"));
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(t("{0} ended with {1}: {2}", path.basename(program), code ?? t("a signal"), last.join(" / "))));
      }
    });
  });

/** Whether a file can be run. */
export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The first of `names` found in the folders of PATH. */
export async function which(
  names: readonly string[],
  searchPath = process.env["PATH"] ?? "",
  executable: (file: string) => Promise<boolean> = isExecutable,
): Promise<string | undefined> {
  for (const name of names) {
    for (const folder of searchPath.split(path.delimiter).filter((text) => path.isAbsolute(text))) {
      const file = path.join(folder, name);
      if (await executable(file)) {
        return file;
      }
    }
  }
  return undefined;
}
