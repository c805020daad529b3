// An engine of one letter a second: whoever types on must not be given what was asked before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./stage.mjs";

const scene = stage({ environment: { IQUEST_LSP_FAKE: JSON.stringify({ token_ms: 1000 }) } });

test("what is typed meanwhile withdraws the question, and only the newest answer is shown", async () => {
  const { window } = scene;
  const seen = new Set();
  let typing = true;
  const watching = (async () => {
    while (typing) seen.add(await window.ghost());
  })();
  await window.type("def area(", 120); // its answer takes a quarter of a minute, and it is withdrawn long before
  for (let key = 0; key < "area(".length; key++) await window.page.keyboard.press("Backspace", { delay: 30 });
  await window.type("peri", 120);
  await window.ghostBecomes("meter(width, height):");
  typing = false;
  await watching;
  assert.ok(!seen.has("width, height):"), `shown meanwhile: ${[...seen]}`);
  await window.command("IQuest: Show Statistics");
  const report = await window.reportWith("requests withdrawn while typing");
  const [withdrawn] = /withdrawn while typing\s*(\d+)/.exec(await report.locator("main#main").textContent()).slice(1);
  assert.ok(Number(withdrawn) > 0, `${withdrawn} withdrawn`);
});
