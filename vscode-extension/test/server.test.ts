import { expect, test } from "vitest";
import { Backoff } from "../src/server/backoff";
import { type Clock, type Connection, HEALTHY_MS, NotToBeRun, Server, SLOW_START_MS, type ServerState } from "../src/server/server";

/** Timers that fire when the test says so. */
class ManualClock implements Clock {
  readonly timers: { milliseconds: number; work: () => void }[] = [];

  after(milliseconds: number, work: () => void): () => void {
    const timer = { milliseconds, work };
    this.timers.push(timer);
    return () => {
      const at = this.timers.indexOf(timer);
      if (at >= 0) this.timers.splice(at, 1);
    };
  }

  fire(): number {
    const timer = this.timers.shift();
    if (timer === undefined) throw new Error("no timer is set");
    timer.work();
    return timer.milliseconds;
  }
}

class FakeConnection implements Connection {
  started = false;
  stopped = false;
  abandoned = false;
  private listener: () => void = () => undefined;
  private giveUp: (error: Error) => void = () => undefined;

  constructor(private readonly failure?: Error | "hangs") {}

  async start(): Promise<void> {
    if (this.failure === "hangs") await new Promise((_, reject) => (this.giveUp = reject));
    if (this.failure instanceof Error) throw this.failure;
    this.started = true;
  }

  abandon(): void {
    this.abandoned = true;
    this.listener();
    this.giveUp(new Error("the stream was closed"));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.listener(); // as a language client does when its process ends
  }

  onEnd(listener: () => void): void {
    this.listener = listener;
  }

  die(): void {
    this.listener();
  }
}

interface Stage {
  server: Server<FakeConnection>;
  clock: ManualClock;
  made: FakeConnection[];
  states: ServerState[];
}

function stage(make: (count: number) => FakeConnection | undefined = () => new FakeConnection()): Stage {
  const clock = new ManualClock();
  const made: FakeConnection[] = [];
  const states: ServerState[] = [];
  const connect = async (): Promise<FakeConnection | undefined> => {
    const connection = make(made.length);
    if (connection) made.push(connection);
    return connection;
  };
  const server = new Server(connect, (state) => states.push(state), clock, new Backoff(1000, 4000, 3));
  return { server, clock, made, states };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test("a server that dies is started again, after pauses that grow", async () => {
  const { server, clock, made } = stage();
  await server.restart();
  const pauses: number[] = [];
  for (let death = 0; death < 3; death++) {
    made.at(-1)?.die();
    expect(server.state.kind).toBe("waiting");
    expect(server.connection).toBeUndefined();
    pauses.push(clock.fire());
    await settled();
    expect(server.state.kind).toBe("running");
  }
  expect(pauses).toEqual([1000, 2000, 4000]);
  made.at(-1)?.die();
  expect(server.state).toEqual({ kind: "failed", reason: "the server ended" });
  expect(clock.timers).toEqual([]);
});

test("a program that cannot be run is not tried again by itself", async () => {
  const { server, clock } = stage(() => new FakeConnection(new NotToBeRun("/nowhere is not to be found")));
  await server.restart();
  expect(server.state).toEqual({ kind: "failed", reason: "/nowhere is not to be found" });
  expect(clock.timers).toEqual([]);
});

test("the user's restart works after giving up, and pauses begin anew", async () => {
  const { server, clock } = stage((count) => new FakeConnection(count < 4 ? new Error("no") : undefined));
  await server.restart();
  for (let attempt = 0; attempt < 3; attempt++) {
    clock.fire();
    await settled();
  }
  expect(server.state).toEqual({ kind: "failed", reason: "no" });
  await server.restart();
  expect(server.state.kind).toBe("running");
});

test("a server that ran for a while begins with the shortest pause again", async () => {
  const { server, clock, made } = stage();
  await server.restart();
  made.at(-1)?.die();
  clock.fire();
  await settled();
  expect(clock.fire()).toBe(HEALTHY_MS);
  made.at(-1)?.die();
  expect(clock.fire()).toBe(1000);
});

test("stopping on purpose starts nothing again", async () => {
  const { server, clock, made, states } = stage();
  await server.restart();
  await server.stop();
  expect(made[0]?.stopped).toBe(true);
  expect(states.map((state) => state.kind)).toEqual(["starting", "running", "stopped"]);
  expect(clock.timers).toEqual([]);
});

test("restarts are queued: one server at a time", async () => {
  const { server, made } = stage();
  await Promise.all([server.restart(), server.restart(), server.restart()]);
  expect(made.map((connection) => connection.stopped)).toEqual([true, true, false]);
  expect(server.connection).toBe(made[2]);
});

test("a server that hangs at its start is said to be slow, and a restart or a stop does not wait for it", async () => {
  const { server, clock, made, states } = stage((count) => new FakeConnection(count < 2 ? "hangs" : undefined));
  void server.restart();
  await settled();
  expect(clock.fire()).toBe(SLOW_START_MS);
  expect(server.state).toEqual({ kind: "starting", slow: true });
  void server.restart();
  await settled();
  expect(made.map((connection) => connection.abandoned)).toEqual([true, false]);
  await server.restart();
  expect(server.connection).toBe(made[2]);
  expect(clock.timers.map((timer) => timer.milliseconds)).toEqual([HEALTHY_MS]);
  expect(new Set(states.map((state) => state.kind))).toEqual(new Set(["starting", "running"]));
});

test("a stop ends a server that hangs at its start", async () => {
  const { server, clock, made } = stage(() => new FakeConnection("hangs"));
  void server.restart();
  await settled();
  await server.stop();
  expect(made[0]?.abandoned).toBe(true);
  expect(server.state).toEqual({ kind: "stopped" });
  expect(clock.timers).toEqual([]);
});

test("a death of an older server does not touch the newer one", async () => {
  const { server, made } = stage();
  await server.restart();
  await server.restart();
  made[0]?.die();
  expect(server.state.kind).toBe("running");
});

test("a restart during the pause makes the waiting start void", async () => {
  const { server, clock, made } = stage();
  await server.restart();
  made[0]?.die();
  await server.restart();
  expect(made.length).toBe(2);
  expect(clock.timers.map((timer) => timer.milliseconds)).toEqual([HEALTHY_MS]);
});

test("without a server to start, that is said", async () => {
  const { server } = stage(() => undefined);
  await server.restart();
  expect(server.state.kind).toBe("missing");
});
