/** The context window as a tree: what is in it by kind, and what was left out. */

import type { Chunk, ChunkKind, ContextWindow } from "../server/protocol";
import { count } from "./statusText";

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
  /** Whether its children are hidden at first. */
  readonly folded?: boolean;
}

/** What editors were told by other tools has this path in the window, among the pieces of kind flow. */
const NOTES_PATH = ".diagnostics";

type Group = ChunkKind | "notes";

const GROUPS: Readonly<Record<Group, { readonly title: string; readonly icon: string }>> = {
  tree: { title: "Project tree", icon: "list-tree" },
  flow: { title: "History", icon: "git-commit" },
  related: { title: "Related files", icon: "references" },
  open: { title: "Open files", icon: "files" },
  edit: { title: "Recent edits", icon: "edit" },
  notes: { title: "Diagnostics", icon: "warning" },
  current: { title: "This file", icon: "file-code" },
};

/** `reused` is how many tokens the last answer found in the cache; undefined when nothing was asked yet. */
export function windowTree(window: ContextWindow, reused: number | undefined): Node[] {
  const placed = withCache(window.chunks, reused);
  const nodes: Node[] = [
    leaf(`${count(window.tokens)} of ${count(window.budget)} tokens`, summary(window, reused), "dashboard"),
  ];
  for (const sentence of window.partial ?? []) {
    nodes.push(leaf("Partial", sentence, "warning"));
  }
  for (const [group, { title, icon }] of Object.entries(GROUPS)) {
    const chunks = placed.filter((item) => groupOf(item.chunk) === group);
    if (chunks.length > 0) {
      const tokens = chunks.reduce((sum, item) => sum + item.chunk.tokens, 0);
      const children = chunks.map(({ chunk, cached }) => chunkNode(chunk, cached, icon));
      nodes.push({ ...leaf(title, `${count(tokens)} tokens`, icon), children });
    }
  }
  if (window.dropped.length > 0) {
    const children = leftOut(window.dropped);
    nodes.push({ ...leaf("Left out", String(children.length), "circle-slash"), children, folded: true });
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
    const why = pieces > 1 ? `${reason} (${pieces} pieces)` : reason;
    return { ...leaf(nameOf(path), [why, folderOf(path)].filter(Boolean).join(" · "), "circle-slash"), tooltip: `${path}: ${why}`, path };
  });
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

function withCache(chunks: readonly Chunk[], reused: number | undefined): { chunk: Chunk; cached?: boolean }[] {
  let end = 0;
  return chunks.map((chunk) => {
    end += chunk.tokens;
    return reused === undefined ? { chunk } : { chunk, cached: end <= reused };
  });
}

function groupOf(chunk: Chunk): Group {
  return chunk.path === NOTES_PATH ? "notes" : chunk.kind;
}

/** Pieces that are made, not read from a file: their paths are only names in the prompt. */
const MADE: ReadonlySet<ChunkKind> = new Set(["tree", "flow"]);

function chunkNode(chunk: Chunk, cached: boolean | undefined, icon: string): Node {
  const path = MADE.has(chunk.kind) ? "" : chunk.path;
  const lines = chunk.start > 0 ? `:${chunk.start}–${chunk.end}` : "";
  const state = cached === undefined ? "" : cached ? " · cached" : " · to read";
  const place = folderOf(path) === "" ? "" : ` · ${folderOf(path)}`;
  const node = leaf((nameOf(path) || GROUPS[groupOf(chunk)].title) + lines, `${count(chunk.tokens)} tokens${state}${place}`, icon);
  const whole = path === "" ? node.label : path + lines;
  const tooltip = chunk.reason === "" ? whole : `${whole}: ${chunk.reason}`;
  return path === "" ? { ...node, tooltip } : { ...node, tooltip, path, line: Math.max(chunk.start, 1) };
}

function summary(window: ContextWindow, reused: number | undefined): string {
  const stable = `${count(window.stable_prefix_tokens)} stay while typing`;
  return reused === undefined ? stable : `${stable}, ${count(reused)} were cached`;
}

function leaf(label: string, description: string, icon: string): Node {
  return { label, description, tooltip: `${label}: ${description}`, icon, children: [] };
}
