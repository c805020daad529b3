/** The context window as a tree: what is in it by kind, and what was left out. */

import type { Chunk, ChunkKind, ContextWindow } from "../server/protocol";
import { number as count, plural, t } from "../words";

export interface Node {
  readonly label: string;
  readonly description: string;
  readonly tooltip: string;
  readonly icon: string;
  readonly children: readonly Node[];
  /** Path relative to the workspace, where the node stands for a file or a part of one. */
  readonly path?: string;
  /** First line, 1-based. */
  readonly line?: number;
  /** What stands in the window, where the node is a piece of it. */
  readonly text?: string;
  /** What is said of it aloud, where that is more than its label and description. */
  readonly spoken?: string;
  /** Whether its children are hidden at first. */
  readonly folded?: boolean;
}

/** What editors were told by other tools has this path in the window, among the pieces of kind flow. */
const NOTES_PATH = ".diagnostics";

type Group = ChunkKind | "notes";

const GROUPS: Readonly<Record<Group, { title(): string; readonly icon: string }>> = {
  tree: { title: () => t("Project tree"), icon: "list-tree" },
  flow: { title: () => t("History"), icon: "git-commit" },
  related: { title: () => t("Related files"), icon: "references" },
  open: { title: () => t("Open files"), icon: "files" },
  edit: { title: () => t("Recent edits"), icon: "edit" },
  notes: { title: () => t("Diagnostics"), icon: "warning" },
  current: { title: () => t("This file"), icon: "file-code" },
};

/**
 * `reused` is how many tokens the last answer that was evaluated found in the cache, undefined when there was none;
 * `remembered` tells that an answer came since for which no token was looked at.
 */
export function windowTree(window: ContextWindow, reused: number | undefined, remembered = false): Node[] {
  const placed = withCache(window, reused);
  const nodes: Node[] = [
    { ...leaf(t("{0} of {1} tokens", count(window.tokens), count(window.budget)), "", "dashboard"), children: summary(window, reused, remembered) },
  ];
  for (const sentence of window.partial ?? []) {
    nodes.push(leaf(t("Partial"), sentence, "warning"));
  }
  for (const [group, { title, icon }] of Object.entries(GROUPS)) {
    const chunks = placed.filter((item) => groupOf(item.chunk) === group);
    if (chunks.length > 0) {
      const tokens = chunks.reduce((sum, item) => sum + item.chunk.tokens, 0);
      const children = chunks.map((piece) => chunkNode(piece, icon));
      const [piece] = children;
      // A piece that is no part of a file has no name but its group's, and stands in its place.
      const alone = piece !== undefined && children.length === 1 && piece.path === undefined;
      nodes.push(alone ? piece : { ...leaf(title(), t("{0} tokens", count(tokens)), icon), children });
    }
  }
  if (window.dropped.length > 0) {
    const children = leftOut(window.dropped);
    nodes.push({ ...leaf(t("Left out"), String(children.length), "circle-slash"), children, folded: true });
  }
  return nodes;
}

/** What was left out, each file once: of a long one many pieces may be. */
function leftOut(dropped: ContextWindow["dropped"]): Node[] {
  const counts = new Map<string, { path: string; reason: string; pieces: number }>();
  for (const { path, reason } of dropped) {
    const known = counts.get(`${path}\0${reason}`);
    counts.set(`${path}\0${reason}`, { path, reason, pieces: (known?.pieces ?? 0) + 1 });
  }
  return [...counts.values()].map(({ path, reason, pieces }) => {
    const why = pieces > 1 ? plural(pieces, "{1} ({0} piece)", "{1} ({0} pieces)", reason) : reason;
    return { ...leaf(nameOf(path), [why, folderOf(path)].filter(Boolean).join(" · "), "circle-slash"), tooltip: `${path}: ${why}`, path };
  });
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

interface Placed {
  readonly chunk: Chunk;
  readonly cached: boolean | undefined;
  readonly text: string | undefined;
}

function withCache(window: ContextWindow, reused: number | undefined): Placed[] {
  let end = 0;
  return window.chunks.map((chunk, index) => {
    end += chunk.tokens;
    return { chunk, cached: reused === undefined ? undefined : end <= reused, text: window.texts?.[index] };
  });
}

function groupOf(chunk: Chunk): Group {
  return chunk.path === NOTES_PATH ? "notes" : chunk.kind;
}

/** Pieces that are made, not read from a file: their paths are only names in the prompt. */
const MADE: ReadonlySet<ChunkKind> = new Set(["tree", "flow"]);

/** A piece: its figures stand in few letters, since the side bar is narrow, and its sign says whether it is cached. */
function chunkNode({ chunk, cached, text }: Placed, icon: string): Node {
  const path = MADE.has(chunk.kind) ? "" : chunk.path;
  const lines = chunk.start > 0 ? `:${chunk.start}–${chunk.end}` : "";
  const state = cached === undefined ? [] : [cached ? t("cached") : t("to read")];
  const place = folderOf(path) === "" ? [] : [folderOf(path)];
  const label = (nameOf(path) || GROUPS[groupOf(chunk)].title()) + lines;
  const tokens = t("{0} tokens", count(chunk.tokens));
  const description = [path === "" ? tokens : count(chunk.tokens), ...state, ...place].join(" · ");
  const sign = path === "" || cached === undefined ? icon : cached ? "check" : "book";
  const spoken = [label, tokens, ...state, ...place].join(", ");
  const node = { ...leaf(label, description, sign), spoken, ...(text === undefined ? {} : { text }) };
  const whole = [path === "" ? node.label : path + lines, tokens, ...state].join(" · ");
  const tooltip = chunk.reason === "" ? whole : `${whole}: ${chunk.reason}`;
  return path === "" ? { ...node, tooltip } : { ...node, tooltip, path, line: Math.max(chunk.start, 1) };
}

/** What is known of the window as a whole, a row each: side by side they would be cut off. */
function summary(window: ContextWindow, reused: number | undefined, remembered: boolean): Node[] {
  return [
    leaf(t("{0} stay while typing", count(window.stable_prefix_tokens)), "", "pin"),
    ...(reused === undefined ? [] : [leaf(t("{0} were cached", count(reused)), "", "check")]),
    ...(remembered ? [leaf(t("last answer remembered"), "", "history", t("Nothing was read for it."))] : []),
  ];
}

function leaf(label: string, description: string, icon: string, more = description): Node {
  return { label, description, tooltip: more === "" ? label : `${label}: ${more}`, icon, children: [] };
}
