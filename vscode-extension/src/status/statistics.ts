/** Counts and latencies of completions, kept on this machine only. */

export interface Counts {
  since: string;
  shown: number;
  accepted: number;
  acceptedCharacters: number;
  empty: number;
  cancelled: number;
  failed: number;
  /** Milliseconds from request to answer, as the editor waited; the newest KEPT of them. */
  latencies: number[];
}

/** As much of vscode.Memento as is needed. */
export interface Store {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): Thenable<void>;
}

const KEY = "statistics";
const KEPT = 1_000;
const SAVE_EVERY = 20;

/** What is on the screen: text that begins at an offset of a document. */
interface Shown {
  readonly uri: string;
  readonly offset: number;
  readonly text: string;
}

export class Statistics {
  private counts: Counts;
  private last: Shown | undefined;
  private unsaved = 0;

  constructor(
    private readonly store: Store,
    private readonly today: () => string = () => new Date().toISOString().slice(0, 10),
  ) {
    this.counts = { ...this.fresh(), ...store.get<Counts>(KEY) };
  }

  get snapshot(): Readonly<Counts> {
    return this.counts;
  }

  /** An answer came after `milliseconds`; `text` is what it offers at `offset`, undefined for nothing. */
  answered(milliseconds: number, uri: string, offset: number, text: string | undefined): void {
    this.counts.latencies = [...this.counts.latencies, Math.round(milliseconds * 10) / 10].slice(-KEPT);
    if (text === undefined || text === "") {
      this.counts.empty += 1;
      this.last = undefined;
    } else {
      const shown = { uri, offset, text };
      if (!continues(this.last, shown)) {
        this.counts.shown += 1;
      }
      this.last = shown;
    }
    this.changed();
  }

  accepted(characters: number): void {
    this.counts.accepted += 1;
    this.counts.acceptedCharacters += characters;
    this.last = undefined;
    this.changed();
  }

  cancelled(): void {
    this.counts.cancelled += 1;
    this.changed();
  }

  failed(): void {
    this.counts.failed += 1;
    this.changed();
  }

  async reset(): Promise<void> {
    this.counts = this.fresh();
    this.last = undefined;
    await this.save();
  }

  async save(): Promise<void> {
    this.unsaved = 0;
    await this.store.update(KEY, this.counts);
  }

  private changed(): void {
    this.unsaved += 1;
    if (this.unsaved >= SAVE_EVERY) {
      void this.save();
    }
  }

  private fresh(): Counts {
    return {
      since: this.today(),
      shown: 0,
      accepted: 0,
      acceptedCharacters: 0,
      empty: 0,
      cancelled: 0,
      failed: 0,
      latencies: [],
    };
  }
}

/** Whether `now` is what remains of `before` after some of it was typed: one suggestion, not two. */
function continues(before: Shown | undefined, now: Shown): boolean {
  if (before === undefined || before.uri !== now.uri || now.offset < before.offset) {
    return false;
  }
  return before.text.slice(now.offset - before.offset) === now.text;
}

/** The value below which `share` (0..1) of the values lie, by the nearest rank; undefined for none. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)];
}
