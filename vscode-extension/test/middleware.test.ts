import { expect, test } from "vitest";
import { InOrder } from "../src/middleware";

test("a close waits for the change before it, an opening for the close; other documents wait for nothing", async () => {
  const order = new InOrder();
  const sent: string[] = [];
  const later = (what: string, ticks: number) => async () => {
    for (let tick = 0; tick < ticks; tick++) {
      await Promise.resolve();
    }
    sent.push(what);
  };
  const one = { toString: () => "file:///a" } as never;
  const other = { toString: () => "file:///b" } as never;
  await Promise.all([
    order.send(one, later("change", 5)),
    order.send(one, later("close", 1)),
    order.send(one, later("open", 0)),
    order.send(other, later("other", 0)),
  ]);
  expect(sent).toEqual(["other", "change", "close", "open"]);
});

test("what could not be sent holds up nothing", async () => {
  const order = new InOrder();
  const uri = { toString: () => "file:///a" } as never;
  const failed = order.send(uri, () => Promise.reject(new Error("gone")));
  await expect(failed).rejects.toThrow("gone");
  await order.send(uri, () => Promise.resolve());
});
