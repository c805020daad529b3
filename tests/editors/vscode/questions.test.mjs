// Questions about the code, asked from the palette of a real VS Code; what the model says is scripted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./look.mjs";
import { INSTRUCT, SHAPES, stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

const ANSWER = "perimeter adds what area multiplies (shapes.py:8). It came in 1234567f. See circle.py too. That is all.";
const EDITED = "```python\ndef perimeter(width, height):\n    return 2 * abs(width + height)\n```";
const scene = stage({
  environment: {
    IQUEST_LSP_FAKE: JSON.stringify({ ...INSTRUCT, responses: [ANSWER, ANSWER, ANSWER, EDITED] }),
  },
});

test("an answer cites only what exists, its places are links, and the next question knows of the first", async () => {
  const { window } = scene;
  for (const question of ["How do area and perimeter differ?", "And why?"]) {
    await window.command("IQuest: Ask About This Code");
    await window.enter(question);
    const report = await window.reportWith("That is all.");
    const text = await report.locator("main#main").textContent();
    assert.ok(text.includes(question), text);
    assert.ok(!text.includes("It came in") && !text.includes("See circle.py"), `what cites nothing that exists: ${text}`);
    assert.match(text, /Left out: .*1234567f.*circle\.py/);
    await report.locator("main#main a", { hasText: "shapes.py" }).first().click();
    await window.page.locator('.tab.active[data-resource-name="shapes.py"]').first().waitFor();
    await window.focused.waitFor();
    await window.closeEditors();
    await window.file("shapes.py");
  }
});

test("further questions are asked at the foot of the page", async () => {
  const { window } = scene;
  await window.command("IQuest: Ask About This Code");
  await window.enter("How do area and perimeter differ?");
  const report = await window.reportWith("How do area and perimeter differ?");
  const field = report.getByLabel("Ask further");
  await field.waitFor();
  await look(window, "ask");
  await window.closeEditors();
});

test("a selection is changed by a model, shown as a diff, and counts when it is taken", async () => {
  const { editor, window } = scene;
  await window.line(8);
  await window.isAt(8);
  await window.page.keyboard.press("Home");
  await window.page.keyboard.press("Shift+ArrowDown");
  await window.page.keyboard.press("Shift+ArrowDown");
  await window.command("IQuest: Change the Selection");
  await window.enter("Never negative");
  const diff = window.page.locator(".tab.active", { hasText: "Proposed change" });
  await diff.waitFor();
  await look(window, "edit");
  assert.equal(editor.read("shapes.py"), SHAPES, "nothing is changed yet");
  await window.command("IQuest: Take the Proposed Change");
  await diff.waitFor({ state: "detached" });
  await window.save();
  await until("the change on disk", () => editor.read("shapes.py") === SHAPES.replace("2 * (width + height)", "2 * abs(width + height)"));
});
