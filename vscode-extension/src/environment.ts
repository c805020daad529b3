import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import type { Run } from "./programs";

/** What the environment was made from; written last, so that its presence means that everything before it worked. */
const STAMP = "iquest-lsp.installed";

/** The oldest Python that the server runs on. */
const PYTHON_CHECK = "import sys; sys.exit(sys.version_info < (3, 11))";

/** The extension's own Python environment, in a folder that the editor gives it. */
export class PrivateEnvironment {
  constructor(
    private readonly folder: string,
    private readonly run: Run,
  ) {}

  get python(): string {
    return path.join(this.folder, "bin", "python");
  }

  /** The command that starts the server; undefined unless it was installed from `source`. */
  async command(source: string): Promise<readonly string[] | undefined> {
    const made = await readFile(path.join(this.folder, STAMP), "utf8").catch(() => undefined);
    return made === source ? [this.python, "-m", "iquest_lsp.cli"] : undefined;
  }

  /** Makes the environment and installs `source` into it; what a failed attempt left is removed. */
  async create(
    python: string,
    source: string,
    report: (step: string, line: string) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const step = async (title: string, command: readonly string[]): Promise<void> => {
      report(title, "");
      await this.run(command, (line) => report(title, line), signal);
    };
    await rm(this.folder, { recursive: true, force: true });
    await mkdir(path.dirname(this.folder), { recursive: true });
    try {
      await step("Making a Python environment", [python, "-m", "venv", this.folder]);
      await step("Installing the server (builds its runtime, some minutes the first time)", [
        this.python, "-m", "pip", "install", "--disable-pip-version-check", source,
      ]);
      await step("Trying the server", [this.python, "-m", "iquest_lsp.cli", "--version"]);
      await writeFile(path.join(this.folder, STAMP), source, "utf8");
    } catch (error) {
      await rm(this.folder, { recursive: true, force: true });
      throw error;
    }
  }
}

/** The first of these Pythons that is new enough for the server. */
export async function suitablePython(candidates: readonly string[], run: Run): Promise<string | undefined> {
  for (const python of candidates) {
    const suits = await run([python, "-c", PYTHON_CHECK], () => undefined).then(
      () => true,
      () => false,
    );
    if (suits) {
      return python;
    }
  }
  return undefined;
}
