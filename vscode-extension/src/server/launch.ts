/** How the server is started: the program, its arguments, and where it was found. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly origin: "setting" | "path" | "private";
}

/** Where to look; each gives undefined where there is nothing. */
export interface Places {
  /** `iquest.server.command`. */
  readonly setting: readonly string[];
  onPath(): Promise<string | undefined>;
  privateCommand(): Promise<readonly string[] | undefined>;
}

/** The user's own choice first, then an installed `iquest-lsp`, then the extension's own environment. */
export async function findServer(places: Places): Promise<Launch | undefined> {
  const [command, ...args] = places.setting;
  if (command !== undefined) {
    return { command, args, origin: "setting" };
  }
  const found = await places.onPath();
  if (found !== undefined) {
    return { command: found, args: [], origin: "path" };
  }
  const [own, ...ownArgs] = (await places.privateCommand()) ?? [];
  return own === undefined ? undefined : { command: own, args: ownArgs, origin: "private" };
}
