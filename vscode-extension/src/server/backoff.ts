/** Growing pauses between attempts, until there were too many in a row. */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly firstMs = 1_000,
    private readonly longestMs = 30_000,
    private readonly attempts = 6,
  ) {}

  /** Milliseconds to wait before the next attempt; undefined when it is time to give up. */
  next(): number | undefined {
    if (this.failures >= this.attempts) {
      return undefined;
    }
    const pause = Math.min(this.firstMs * 2 ** this.failures, this.longestMs);
    this.failures += 1;
    return pause;
  }

  /** Forgets the failures, after a success or when the user asks for another try. */
  reset(): void {
    this.failures = 0;
  }
}
