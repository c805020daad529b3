import { beforeEach, expect, test } from "vitest";
import { Pages } from "../src/pages/report";
import { type Page, pages } from "./fakes/vscode";

beforeEach(() => {
  pages.length = 0;
});

function page(): Page {
  const found = pages[0];
  if (found === undefined) throw new Error("no page was opened");
  return found;
}

test("what is known so far is shown first, then the whole text", async () => {
  const report = new Pages().open("title");
  let go: (text: string) => void = () => undefined;
  const filled = report.fill((soFar) => {
    soFar("first part");
    return new Promise((resolve) => (go = resolve));
  });
  await expect.poll(() => page().sent).toHaveLength(1);
  expect(page().sent[0]).toMatch(/first part.*Reading/s);
  go("all of it");
  await filled;
  expect(page().sent.at(-1)).toBe("<p>all of it</p>");
});

test("parts that come faster than they can be shown are skipped, the last one never", async () => {
  const report = new Pages().open("title");
  await report.fill(async (soFar) => {
    for (let part = 0; part < 100; part++) soFar(`part ${part}`);
    return "the end";
  });
  expect(page().sent.length).toBeLessThan(10);
  expect(page().sent.at(-1)).toBe("<p>the end</p>");
});

test("a page that is closed takes its question back, and nothing is sent to it", async () => {
  const report = new Pages().open("title");
  const cancelled = await new Promise<boolean>((resolve) => {
    void report.fill(async (_, token) => {
      page().close();
      resolve(token.isCancellationRequested);
      throw new Error("withdrawn");
    });
  });
  await Promise.resolve();
  expect(cancelled).toBe(true);
  expect(page().sent).toEqual([]);
});

test("an error becomes the text, without its markup", async () => {
  await new Pages().open("title").fill(async () => Promise.reject(new Error("no <b>history</b>")));
  expect(page().sent.at(-1)).toContain("no &lt;b\\>history&lt;/b\\>"); // as markdown, with what is escaped in it
});

test("what an error names as code is code", async () => {
  await new Pages().open("title").fill(async () => Promise.reject(new Error("Check it with `git log`.")));
  expect(page().sent.at(-1)).toContain("<code>git log</code>");
});

test("what another question still tells after the work has failed does not take the error away", async () => {
  let late: (text: string) => void = () => undefined;
  await new Pages().open("title").fill(async (soFar) => {
    late = soFar;
    throw new Error("git was not found");
  });
  late("beside it");
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(page().sent.at(-1)).toContain("git was not found");
});
