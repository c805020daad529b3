/** What the extension carries of the server: a wheel with all that it needs, or its sources, to be built. */
import { readdirSync } from "node:fs";
import * as path from "node:path";
import type { Source } from "./environment";

/** In its server/ folder: wheels for every Python here, those for one in a folder of its tag (cp312). */
const WHEELS = "wheels";

/** Where the server comes from: a setting, a wheel or an archive that the extension carries, or the package index. */
export type Origin = "setting" | "wheel" | "archive" | "index";

export interface Offer {
  readonly source: Source;
  readonly origin: Origin;
}

/**
 * What pip is to install for a Python of this tag (undefined where none was found): what the setting names, else what
 * lies in the extension, else the package by its name. A wheel is `carried` where all that it needs lies beside it.
 */
export function offerOf(extensionPath: string, configured: string, tag: string | undefined): Offer {
  if (configured !== "") {
    return { source: { install: configured }, origin: "setting" };
  }
  const server = path.join(extensionPath, "server");
  const [wheel] = matching(server, /^iquest_lsp-.*\.whl$/);
  if (wheel !== undefined) {
    const every = path.join(server, WHEELS);
    const own = path.join(every, tag ?? "");
    const carried = tag !== undefined && matching(own, /\.whl$/).length > 0 ? [every, own] : undefined;
    return { source: { install: wheel, ...(carried === undefined ? {} : { carried }) }, origin: "wheel" };
  }
  const [archive] = matching(server, /\.tar\.gz$/);
  return archive === undefined ? { source: { install: "iquest-lsp" }, origin: "index" } : { source: { install: archive }, origin: "archive" };
}

/** The files of a folder, which may be missing, whose names match. */
export function matching(folder: string, name: RegExp): string[] {
  try {
    return readdirSync(folder).filter((file) => name.test(file)).sort().map((file) => path.join(folder, file));
  } catch {
    return [];
  }
}
