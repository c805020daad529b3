/** Which change a diff editor shows, as `explain-diff` names it. */

/** As much of a Uri as is needed. */
export interface DocumentUri {
  readonly scheme: string;
  readonly query: string;
}

const INDEX = new Set(["", "~"]);

/**
 * The target for the two sides of a diff editor of git: "" for the working tree, "--staged", a commit, or A..B.
 * Undefined for a comparison that is not git's.
 */
export function targetOfDiff(original: DocumentUri, modified: DocumentUri): string | undefined {
  const before = revision(original);
  if (before === undefined) {
    return undefined;
  }
  const after = revision(modified);
  if (after === undefined) {
    return modified.scheme === "file" ? "" : undefined;
  }
  if (INDEX.has(after)) {
    return "--staged";
  }
  return before === `${after}^` || before === `${after}~` || before === `${after}~1` ? after : `${before}..${after}`;
}

/** The revision that a document of the git extension shows ("" and "~" for the index); undefined for any other. */
function revision(uri: DocumentUri): string | undefined {
  if (uri.scheme !== "git") {
    return undefined;
  }
  try {
    const ref: unknown = (JSON.parse(uri.query) as { ref?: unknown }).ref;
    return typeof ref === "string" ? ref : undefined;
  } catch {
    return undefined;
  }
}

/** The commit a timeline item of git stands for: "" for uncommitted changes, undefined when it is not known. */
export function targetOfTimelineItem(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null) {
    return undefined;
  }
  const { ref, handle } = item as { ref?: unknown; handle?: unknown };
  const named = typeof ref === "string" ? ref : typeof handle === "string" ? handle.split("|").at(-1) : undefined;
  if (named === undefined) {
    return undefined;
  }
  if (/^[0-9a-f]{7,64}$/.test(named)) {
    return named;
  }
  return INDEX.has(named) || named === "index" ? "--staged" : named === "working" ? "" : undefined;
}
