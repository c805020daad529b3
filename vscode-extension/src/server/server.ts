import { t } from "../words";
import { Backoff } from "./backoff";

/** A running language client, as much of it as its keeper needs. */
export interface Connection {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Ends it at once where `start` is not done yet: it may never answer. */
  abandon(): void;
  /** Called once, when the server's process or stream ends without `stop`. */
  onEnd(listener: () => void): void;
}

/** The server's program cannot be run, which another try does not mend. */
export class NotToBeRun extends Error {}

export type ServerState =
  | { readonly kind: "stopped" }
  | { readonly kind: "missing" }
  | { readonly kind: "starting"; readonly slow: boolean }
  | { readonly kind: "running" }
  | { readonly kind: "waiting"; readonly seconds: number; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** Timers, so that tests need not wait. */
export interface Clock {
  after(milliseconds: number, work: () => void): () => void;
}

export const realClock: Clock = {
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** A server that ran for this long is healthy: its next end starts the pauses from the shortest again. */
export const HEALTHY_MS = 60_000;
/** A server that has not answered for this long may never answer, which is said. */
export const SLOW_START_MS = 30_000;

/**
 * Keeps one language server running: starts, stops and restarts are queued, an unexpected end is followed by a new
 * start after a growing pause.
 */
export class Server<C extends Connection> {
  private current: C | undefined;
  private queue: Promise<void> = Promise.resolve();
  private cancelTimer: () => void = () => undefined;
  private state_: ServerState = { kind: "stopped" };

  /** `connect` makes a connection that is not started yet, or gives undefined where there is no server to start. */
  constructor(
    private readonly connect: () => Promise<C | undefined>,
    private readonly changed: (state: ServerState) => void,
    private readonly clock: Clock = realClock,
    private readonly backoff = new Backoff(),
  ) {}

  get state(): ServerState {
    return this.state_;
  }

  /** The running connection. */
  get connection(): C | undefined {
    return this.state_.kind === "running" ? this.current : undefined;
  }

  /** Starts the server, or starts it anew, also one that is still starting; the pauses are forgotten. */
  restart(): Promise<void> {
    this.backoff.reset();
    this.abandon();
    return this.enqueue(async () => {
      await this.end();
      await this.begin();
    });
  }

  stop(): Promise<void> {
    this.abandon();
    return this.enqueue(async () => {
      await this.end();
      this.set({ kind: "stopped" });
    });
  }

  /** What is queued behind a start would wait for it, and one that hangs never ends. */
  private abandon(): void {
    if (this.state_.kind === "starting") {
      const starting = this.current;
      this.current = undefined;
      starting?.abandon();
    }
  }

  private enqueue(work: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(work, work);
    return this.queue;
  }

  private async begin(): Promise<void> {
    this.set({ kind: "starting", slow: false });
    this.cancelTimer = this.clock.after(SLOW_START_MS, () => this.set({ kind: "starting", slow: true }));
    let connection: C | undefined;
    try {
      connection = await this.connect();
      if (connection === undefined) {
        this.cancelTimer();
        this.set({ kind: "missing" });
        return;
      }
      this.current = connection;
      connection.onEnd(() => this.ended(connection as C, t("the server ended")));
      await connection.start();
    } catch (error) {
      this.ended(connection, error instanceof Error ? error.message : String(error), error instanceof NotToBeRun);
      return;
    }
    if (this.current !== connection) {
      return; // it ended while it started, which `ended` has dealt with, or was abandoned
    }
    this.cancelTimer();
    this.set({ kind: "running" });
    this.cancelTimer = this.clock.after(HEALTHY_MS, () => this.backoff.reset());
  }

  private async end(): Promise<void> {
    this.cancelTimer();
    const connection = this.current;
    this.current = undefined;
    try {
      await connection?.stop();
    } catch {
      // A server that does not answer to `shutdown` is as gone as one that does.
    }
  }

  private ended(connection: C | undefined, reason: string, forGood = false): void {
    if (connection !== this.current) {
      return; // stopped on purpose, or already replaced
    }
    this.current = undefined;
    this.cancelTimer();
    const pause = forGood ? undefined : this.backoff.next();
    if (pause === undefined) {
      this.set({ kind: "failed", reason });
      return;
    }
    this.set({ kind: "waiting", seconds: Math.round(pause / 1000), reason });
    this.cancelTimer = this.clock.after(pause, () => void this.enqueue(() => this.resume()));
  }

  private async resume(): Promise<void> {
    if (this.state_.kind === "waiting") {
      await this.begin();
    }
  }

  private set(state: ServerState): void {
    this.state_ = state;
    this.changed(state);
  }
}
