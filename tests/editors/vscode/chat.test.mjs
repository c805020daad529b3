// @iquest in the chat view of a real VS Code. It lets a participant answer only while some language model can be chosen,
// which is not asked: an extension of the test offers one that says nothing.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { look } from "./look.mjs";
import { INSTRUCT, stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

const MANIFEST = {
  name: "silent", publisher: "test", version: "1.0.0", engines: { vscode: "^1.104.0" }, main: "./main.js",
  activationEvents: ["onStartupFinished"], contributes: { languageModelChatProviders: [{ vendor: "test", displayName: "Test" }] },
};
const PROGRAM = `const { lm } = require("vscode");
const model = { id: "silent", name: "Silent", family: "silent", version: "1", maxInputTokens: 1000, maxOutputTokens: 1000, capabilities: { toolCalling: true }, isUserSelectable: true };
exports.activate = (context) => context.subscriptions.push(lm.registerLanguageModelChatProvider("test", {
  provideLanguageModelChatInformation: async () => [model],
  provideLanguageModelChatResponse: async () => {},
  provideTokenCount: async () => 1,
}));
`;
const ANSWERS = ["perimeter adds what area multiplies (shapes.py:8). See circle.py too. That is all.", "A room has walls and a floor (shapes.py:8). That is why."];
const scene = stage({
  settings: { "iquest.deadlineMs": 300_000, "chat.disableAIFeatures": false },
  environment: { IQUEST_LSP_FAKE: JSON.stringify({ ...INSTRUCT, responses: ANSWERS }) },
  offers(home) {
    const folder = path.join(home, "extensions/test.silent-1.0.0");
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify(MANIFEST));
    fs.writeFileSync(path.join(folder, "main.js"), PROGRAM);
  },
});

test("@iquest answers with places that exist, which are links, and knows what was asked before", async () => {
  const { window } = scene;
  const { page } = window;
  await window.command("Chat: Open Chat");
  const chat = page.locator(".interactive-session");
  const answers = chat.locator(".interactive-item-container.interactive-response");
  const asked = async (question, expected) => {
    await window.type(question);
    await page.keyboard.press("Enter");
    // Only what is on the screen is in the page.
    await chat.locator(".interactive-item-container.interactive-request").filter({ hasText: question }).last().waitFor();
    await until(`an answer to ${question}`, async () => expected.test(`${await answers.last().textContent().catch(() => "")}`));
    return answers.last().textContent();
  };
  await window.type("@iquest");
  await page.locator(".suggest-widget:visible .monaco-list-row", { hasText: "@iquest" }).first().waitFor();
  await page.keyboard.press("Tab");
  // VS Code looks for models with the first question only, and has chosen one after that.
  await asked("How do area and perimeter differ?", /Language model unavailable/);
  await chat.locator(".chat-input-toolbars", { hasText: "Silent" }).first().waitFor();
  const first = await asked("How do area and perimeter differ?", /That is all/); // it goes to @iquest without its name
  assert.ok(!first.includes("See circle.py"), `what cites nothing that exists: ${first}`);
  for (const text of [first, await asked("And why?", /That is why/)]) assert.match(text, /Cited files.*shapes\.py:8/s);
  await look(window, "chat");
  await answers.last().locator("a", { hasText: "shapes.py:8" }).first().click();
  await window.isAt(8);
});
