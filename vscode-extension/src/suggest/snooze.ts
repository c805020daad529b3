/** Suggestions sleep until a time; then they come again by themselves. */

/** Timers and the time, so that tests need not wait. */
export interface SnoozeClock {
  now(): number;
  after(milliseconds: number, work: () => void): () => void;
}

const REAL: SnoozeClock = {
  now: () => Date.now(),
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
};

export class Snooze {
  private until_ = 0;
  private cancel: () => void = () => undefined;

  constructor(
    private readonly changed: () => void,
    private readonly clock: SnoozeClock = REAL,
  ) {}

  /** When they wake, in milliseconds since 1970; undefined while they are awake. */
  get until(): number | undefined {
    return this.until_ > this.clock.now() ? this.until_ : undefined;
  }

  sleep(minutes: number): void {
    const pause = minutes * 60_000;
    this.cancel();
    this.until_ = this.clock.now() + pause;
    this.cancel = this.clock.after(pause, () => this.wake());
    this.changed();
  }

  wake(): void {
    this.cancel();
    this.until_ = 0;
    this.changed();
  }

  dispose(): void {
    this.cancel();
  }
}
