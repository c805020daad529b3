/** Suggestions for one place in one version of a document, the best first. */
export interface Offer {
  readonly uri: string;
  readonly version: number;
  readonly offset: number;
  readonly texts: readonly string[];
}

/**
 * What to offer now: the new texts after those offered before at the very same place, so that "next" leads from the
 * line that came while typing to the block that was asked for, and "previous" back.
 */
export function alternatives(before: Offer | undefined, now: Offer): string[] {
  const same = before?.uri === now.uri && before.version === now.version && before.offset === now.offset;
  return [...new Set([...(same ? before.texts : []), ...now.texts])];
}
