import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { t } from "../words";
import { matching } from "./carried";
import type { Run } from "./programs";

/** What the environment was made from; written last, so that its presence means that everything before it worked. */
const STAMP = "iquest-lsp.installed";

/** The oldest Python that the server runs on. */
const PYTHON_CHECK = "import sys; sys.exit(sys.version_info < (3, 11))";
/** Prints the tag by which wheels name a Python: cp312, or cp313t for one without its lock. */
const PYTHON_TAG = "import sys; print('cp%d%d%s' % (*sys.version_info[:2], getattr(sys, 'abiflags', '')))";

/** What an environment is made from. */
export interface Source {
  /** What pip installs: a file's path, or a package's name. */
  readonly install: string;
  /** Folders that hold the wheels of pip and of all that is needed, so that nothing is fetched. */
  readonly carried?: readonly string[];
}

/**
 * The extension's own Python environments, in a folder that the editor gives it: one for each version of the server,
 * so that an older one goes on working while its successor is made.
 */
export class PrivateEnvironment {
  constructor(
    readonly folder: string,
    private readonly run: Run,
  ) {}

  /** The command that starts the server that was installed from this file or package; undefined where there is none. */
  async command(install: string): Promise<readonly string[] | undefined> {
    const home = await this.homeOf(install);
    return (await stampedAt(home)) === undefined ? undefined : start(home);
  }

  /** The command of the newest server that was installed from anything. */
  async newest(): Promise<readonly string[] | undefined> {
    const [home] = await this.complete();
    return home === undefined ? undefined : start(home);
  }

  /**
   * Makes an environment and installs `source` into it; what a failed attempt left is removed. Of the others only the
   * newest stays, since a server may still run from it.
   */
  async create(
    python: string,
    source: Source,
    report: (step: string, line: string) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const step = async (title: string, command: readonly string[]): Promise<void> => {
      report(title, "");
      await this.run(command, (line) => report(title, line), signal);
    };
    const home = await this.homeOf(source.install);
    await rm(home, { recursive: true, force: true });
    await mkdir(this.folder, { recursive: true });
    const before = await this.complete();
    try {
      const [pip] = (source.carried ?? []).flatMap((folder) => matching(folder, /^pip-.*\.whl$/));
      // Without pip, which some systems' Pythons cannot put in; without compiling what is never imported: a third of the time.
      await step(t("Making a Python environment"), [python, "-m", "venv", ...(pip === undefined ? [] : ["--without-pip"]), home]);
      if (pip === undefined) {
        const title = source.install.endsWith(".whl") ? t("Installing the server") : t("Installing the server (builds its runtime, some minutes the first time)");
        await step(title, [inside(home), "-m", "pip", "install", "--disable-pip-version-check", source.install]);
      } else {
        const links = (source.carried ?? []).flatMap((folder) => ["--find-links", folder]);
        await step(t("Installing the server"), [
          inside(home), "-I", path.join(pip, "pip"), "--isolated", "install", "--no-compile", "--disable-pip-version-check", "--no-index", ...links, source.install,
        ]);
      }
      await step(t("Trying the server"), [...start(home), "--version"]);
      await writeFile(path.join(home, STAMP), source.install, "utf8");
    } catch (error) {
      await rm(home, { recursive: true, force: true });
      throw error;
    }
    const kept = [home, ...before.slice(0, 1)];
    for (const name of await readdir(this.folder)) {
      if (!kept.includes(path.join(this.folder, name))) {
        await rm(path.join(this.folder, name), { recursive: true, force: true });
      }
    }
  }

  /** Named for what is installed: an archive by its content, since a new version may come under the same name. */
  private async homeOf(install: string): Promise<string> {
    const content = await readFile(install).catch(() => install);
    return path.join(this.folder, createHash("sha256").update(content).digest("hex").slice(0, 16));
  }

  /** The environments that are complete, newest first. */
  private async complete(): Promise<string[]> {
    const names = await readdir(this.folder).catch((): string[] => []);
    const homes = names.map((name) => path.join(this.folder, name));
    const found = await Promise.all(homes.map(async (home) => ({ home, made: await stampedAt(home) })));
    return found.filter(({ made }) => made !== undefined).sort((a, b) => (b.made ?? 0) - (a.made ?? 0)).map(({ home }) => home);
  }
}

/** When an environment was completed, in milliseconds. */
async function stampedAt(home: string): Promise<number | undefined> {
  return stat(path.join(home, STAMP)).then(
    (found) => found.mtimeMs,
    () => undefined,
  );
}

function inside(home: string): string {
  return process.platform === "win32" ? path.join(home, "Scripts", "python.exe") : path.join(home, "bin", "python");
}

function start(home: string): readonly string[] {
  return [inside(home), "-m", "iquest_lsp.cli"];
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

/** The tag of a Python in the names of wheels; undefined where it cannot be run. */
export async function pythonTag(python: string, run: Run): Promise<string | undefined> {
  let tag: string | undefined;
  await run([python, "-c", PYTHON_TAG], (line) => (tag ??= line.trim())).catch(() => undefined);
  return tag;
}
