/** Markdown out of text from outside: escaped, with links that run our commands. */

/** Where the paths and commits of a page are to be found. */
export interface Origin {
  /** A folder in the repository. */
  readonly folder: string;
}

/** Text from outside, so that markdown and HTML show it as it is. */
export function escape(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]()#+!|~>-]/g, "\\$&").replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

/** Text from outside in which `code` marks were set by the server. */
export function prose(text: string): string {
  return text
    .split("`")
    .map((piece, index, all) => (index % 2 === 1 && index < all.length - 1 ? code(piece) : escape(piece)))
    .join("");
}

/** A name as code; a backtick in it cannot end it. */
export function code(text: string): string {
  const safe = text.replace(/\s+/g, " ").replace(/[&<>\\`*_{}[\]()#+!|~-]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<code>${safe}</code>`;
}

/** A link that runs one of our commands. */
export function commandLink(text: string, command: string, ...args: unknown[]): string {
  const query = encodeURIComponent(JSON.stringify(args)).replace(/[()']/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `[${text}](command:${command}?${query})`;
}

/** A link to a file of the repository, at a line (1-based) where one is given. */
export function fileLink(path: string, origin: Origin, exists = true, line?: number): string {
  return placeLink(line === undefined ? path : `${path}:${line}`, path, origin, exists, line);
}

/** The same under a label of its own, such as a definition's name. */
export function placeLink(label: string, path: string, origin: Origin, exists: boolean, line?: number): string {
  const args = [origin.folder, path, ...(line === undefined ? [] : [line])];
  return exists ? commandLink(code(label), "iquest.openFile", ...args) : code(label);
}

/** A link to all that a commit changed. */
export function commitLink(commit: string, origin: Origin): string {
  return commandLink(code(commit.slice(0, 10)), "iquest.showCommit", origin.folder, commit);
}

/** A sentence of the server in which the places it names, FILE:LINE of files that are known, are links. */
export function withPlaces(text: string, paths: ReadonlySet<string>, origin: Origin): string {
  const pieces: string[] = [];
  let rest = 0;
  for (const found of text.matchAll(/([^\s,`()]+):(\d+)/g)) {
    const [whole, path = "", line = ""] = found;
    if (paths.has(path)) {
      pieces.push(prose(text.slice(rest, found.index)), fileLink(path, origin, true, Number(line)));
      rest = found.index + whole.length;
    }
  }
  return [...pieces, prose(text.slice(rest))].join("");
}

/** A model's prose: its paragraphs and list items stay, the commits it cites become links. */
export function modelProse(text: string, origin: Origin): string {
  return text
    .split("\n")
    .map((line) => {
      const [, mark = "", rest = ""] = /^\s*([-*]\s+|\d+[.)]\s+)?(.*)$/.exec(line) ?? [];
      return (mark === "" ? "" : "- ") + cited(prose(rest.trim()), origin);
    })
    .join("\n");
}

/** Escaped text in which ids of commits became links. */
function cited(text: string, origin: Origin): string {
  return text.replace(/(?<![\w&#])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}(?!\w)/g, (id) =>
    commandLink(id, "iquest.showCommit", origin.folder, id),
  );
}
