// The scene of most tests: one file about shapes, the fake engine (which goes on as the same text went on before, so
// that what must appear is known), one window.
import { after, afterEach, before, beforeEach } from "node:test";
import { Editor, until } from "./workbench.mjs";

export const SHAPES = `"""Areas and perimeters."""


def area(width, height):
    return width * height


def perimeter(width, height):
    return 2 * (width + height)


`;

// The template of models that follow ChatML, as the fake engine's file carries it.
const TEMPLATE = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
/** What makes the fake engine a model that follows instructions; `responses` beside it are what it says. */
export const INSTRUCT = { special: ["<|im_start|>", "<|im_end|>"], metadata: { "tokenizer.chat_template": TEMPLATE } };

/** What is tested is what happens, not how fast a shared machine is. */
export const PATIENT = { "iquest.deadlineMs": 300_000 };

/**
 * Prepares an editor for the tests of a file, and puts it back before each; `editor` and `window` are there in tests.
 * `prepare` changes the workspace before it is opened, `offers` is given the home folder before anything runs in it.
 */
export function stage({ prepare = () => undefined, offers, ...options } = {}) {
  const scene = {
    editor: undefined,
    window: undefined,
    /** Puts everything back: nothing open but the file, as it was, with the cursor at its end. */
    async reset() {
      const { editor, window } = scene;
      await window.page.keyboard.press("Escape");
      await window.closeEditors(); // also those that a test which failed left unsaved
      editor.write("shapes.py", SHAPES);
      await window.file("shapes.py");
      await until("the text as it was", async () => !/def area.*def area/s.test(await window.text.textContent()));
    },
  };
  let failed = false;
  before(async () => {
    scene.editor = await Editor.start({
      server: ["--engine", "fake"], files: { "shapes.py": SHAPES, "notes.md": "# Shapes\n" }, settings: PATIENT, prepare: offers, ...options,
    });
    prepare(scene.editor);
    scene.window = await scene.editor.open();
    await scene.window.file("shapes.py");
    await scene.window.statusBecomes(/Ready/);
  });
  beforeEach(() => scene.reset());
  afterEach(async (context) => {
    if (context.error == null) return;
    failed = true;
    await scene.window?.picture(`failed ${context.name.slice(0, 40)}`);
  });
  after(() => scene.editor?.close(failed));
  return scene;
}
