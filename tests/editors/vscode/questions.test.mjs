// Questions about the code, asked from the palette of a real VS Code; what the model says is scripted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./stage.mjs";

// The template of models that follow ChatML, as the fake engine's file carries it.
const TEMPLATE = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const ANSWER = "perimeter adds what area multiplies (shapes.py:8). It came in 1234567f. See circle.py too. That is all.";
const scene = stage({
  environment: {
    IQUEST_LSP_FAKE: JSON.stringify({
      responses: [ANSWER, ANSWER], special: ["<|im_start|>", "<|im_end|>"], metadata: { "tokenizer.chat_template": TEMPLATE },
    }),
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
