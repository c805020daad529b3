/** What the server and this extension say to each other beyond the Language Server Protocol. */

export const STATUS = "iquest/status";
export const ANSWERED = "iquest/answered";
export const EXPLAIN_DIFF = "iquest/explainDiff";
export const COMMIT_MESSAGE = "iquest/commitMessage";
export const DID_FOCUS = "textDocument/didFocus";
export const DID_SHOW = "textDocument/didShowCompletion";
export const ASK = "iquest/ask";
export const WHY = "iquest/why";
export const IMPACT = "iquest/impact";
export const SUSPECTS = "iquest/suspects";
export const BLAME = "iquest/blame";
export const SINCE_RELEASE = "iquest/sinceRelease";
export const EDIT = "iquest/edit";
export const CONTEXT = "iquest/context";
export const MODELS = "iquest/models";
export const RELOAD_MODEL = "iquest/reloadModel";
export const NEXT_EDITS = "iquest/nextEdits";
export const DISMISS_NEXT_EDIT = "iquest/dismissNextEdit";
export const DIAGNOSTICS = "iquest/diagnostics";

/** What the server asks this client: the diagnostics of a part of a document, lines from 0. */
export interface DiagnosticsAsked {
  readonly textDocument: { readonly uri: string };
  readonly range: { readonly start: Place; readonly end: Place };
}

interface Place {
  readonly line: number;
  readonly character: number;
}

/** What an edit asks for elsewhere: `text` takes the place of `range`; `version` is null for a file that is not open. */
export interface NextEdit {
  readonly text: string;
  readonly old: string;
  readonly range: { readonly start: Place; readonly end: Place };
  readonly textDocument: { readonly uri: string; readonly version: number | null };
  readonly command: { readonly command: string; readonly arguments: readonly unknown[] };
  readonly kind: "rename" | "signature" | "repeat" | "import" | "model";
  readonly reason: string;
  readonly confidence: number;
}

/** Lines to look at: a change is asked for there, but not which one, so that this is no edit. */
export interface LinesToLookAt {
  readonly range: { readonly start: Place; readonly end: Place };
  readonly textDocument: { readonly uri: string; readonly version: number | null };
  readonly reason: string;
}

/** `places` are there for who asks for them. */
export interface NextEditsAnswer {
  readonly items: readonly NextEdit[];
  readonly places?: readonly LinesToLookAt[];
}

export type EngineState = "stopped" | "loading" | "warming" | "ready" | "busy" | "restarting" | "failed";

/** `progress` is 0..1 while loading and warming; `message` says why the engine failed or restarts. */
export interface EngineStatus {
  readonly state: EngineState;
  readonly progress: number;
  readonly model: string;
  /** Sentences on what does not fit between the model and its use; absent while it is only warming. */
  readonly notes?: readonly string[];
  readonly message: string;
}

/** What one completion cost, as `iquest-lsp complete --json` says it, without its text. */
export interface Answer {
  readonly uri: string;
  readonly version: number;
  readonly empty: boolean;
  /** Why there is no text; empty where there is. */
  readonly quiet: string;
  readonly finish: "stop" | "deadline" | "limit" | "none";
  readonly source: "model" | "cache" | "speculated";
  readonly timings: { readonly total_ms: number };
  readonly tokens: { readonly window: number; readonly reused: number; readonly prefilled: number };
}

export interface Commit {
  readonly commit: string;
  readonly date: string;
  readonly subject: string;
  readonly reason: string;
}

export interface DiffExplanation {
  readonly summary: string;
  readonly intent: string;
  readonly files: readonly {
    readonly path: string;
    readonly status: string;
    readonly symbols: readonly { readonly name: string; readonly kind: string; readonly change: string }[];
  }[];
  readonly history: readonly Commit[];
  readonly missing: readonly {
    readonly path: string;
    readonly reason: string;
    readonly support: number;
    readonly confidence: number;
  }[];
  readonly risks: readonly string[];
  readonly model_text: string | null;
  /** Where changed definitions begin, lines from 1. */
  readonly places?: readonly { readonly path: string; readonly name: string; readonly line: number }[];
  /** The risks by the lines that they are about, from 1; 0 is the whole file. */
  readonly remarks?: readonly Remark[];
  /** Sentences about what the answer lacks. */
  readonly partial?: readonly string[] | null;
}

export interface Remark {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

export type ImpactKind = "caller" | "test" | "docs" | "ci" | "config" | "cochange";

/** What else must change with a place or a change; lines from 1. */
export interface Impact {
  readonly target: string;
  readonly items: readonly { readonly path: string; readonly line: number; readonly kind: ImpactKind; readonly reason: string }[];
  readonly partial?: readonly string[] | null;
}

/** Changes that may have brought a bug, the likeliest first; `score` from 0 to 1. */
export interface Suspects {
  readonly items: readonly (Commit & { readonly score: number })[];
  readonly partial?: readonly string[] | null;
}

/** The commit that `git blame` names for a line; all empty for a line that is not committed, all but `commit` where a shallow clone ends with it. */
export interface LineOrigin {
  readonly commit: string;
  readonly date: string;
  readonly author: string;
  readonly subject: string;
}

/** Lines (from 0, both ends included) that came after a release; no release, no lines. */
export interface NewLines {
  readonly release: string;
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}

/** `guessed` is a kind of change that the subject states and the diff does not show. */
export interface CommitMessage {
  readonly subject: string;
  readonly body: string;
  readonly guessed: string | null;
}

/** What comes ahead of an answer in words: some more of them. */
export interface ReplyPart {
  readonly kind: "text" | "thinking" | "evidence";
  readonly text: string;
}

/** `dropped` are statements that cited what does not exist, or (`citation` empty) repeated what they were asked. */
export interface Reply {
  readonly text: string;
  readonly model: string;
  readonly commits: readonly string[];
  readonly files: readonly { readonly path: string; readonly line: number | null }[];
  readonly dropped: readonly { readonly text: string; readonly citation: string }[];
}

export interface Why {
  readonly target: string;
  readonly story: readonly (Commit & { readonly change: string })[];
  readonly since: string | null;
  readonly deprecated_in: string | null;
  readonly deprecated_parts?: readonly { readonly name: string; readonly since: string | null }[];
  readonly reasons?: readonly { readonly kind: string; readonly text: string; readonly source: string }[];
  /** Sentences about what the answer lacks. */
  readonly partial?: readonly string[] | null;
}

export type ChunkKind = "tree" | "flow" | "related" | "open" | "edit" | "current";

/** Lines are 1-based, both ends included; 0 where a chunk is not a span of a file. */
export interface Chunk {
  readonly kind: ChunkKind;
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
  readonly reason: string;
}

/** `root` is the URI of the workspace that the paths are relative to. */
export interface ContextWindow {
  readonly root: string;
  readonly budget: number;
  readonly tokens: number;
  readonly stable_prefix_tokens: number;
  readonly chunks: readonly Chunk[];
  readonly dropped: readonly { readonly path: string; readonly reason: string }[];
  /** The pieces' texts, in their order. */
  readonly texts?: readonly string[];
  /** What it could not be made of: not read yet, unreadable, too many. */
  readonly partial?: readonly string[] | null;
}

/** `verdict` says what `plan` has, which a file that cannot be used lacks; `problem` is not empty for such a file. */
export interface ModelChoice {
  readonly name: string;
  readonly path: string;
  readonly source: string;
  readonly model: string;
  readonly architecture: string;
  readonly size_bytes: number;
  readonly verdict: string;
  readonly plan?: { readonly window: number; readonly kv_type: string; readonly kv_bytes: number; readonly reason: string } | null;
  readonly problem: string;
  readonly current: boolean;
}

/** `answers`: whether a model that follows instructions is there. */
export interface Models {
  readonly answers: boolean;
  readonly models: readonly ModelChoice[];
  /** Published models; `memory` is the bytes that windows of so many tokens need. */
  readonly known: readonly { readonly name: string; readonly size_bytes: number; readonly memory: Readonly<Record<string, number | null>> }[];
  /** Models that pip fetches; `here` where that was done. */
  readonly packaged: readonly { readonly name: string; readonly license: string; readonly size_bytes: number; readonly here: boolean }[];
}
