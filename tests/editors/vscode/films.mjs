// Takes the films of next edits: a rename and a repeated edit, key by key, in a real VS Code. With names as
// arguments only those.
import { AUDIT, Film, LAST, PRICES, READ, SHORT } from "./film.mjs";
import { Editor, until } from "./workbench.mjs";

const MOST_MS = 20_000; // a film that waits for longer shows that
const [, , ...wanted] = process.argv;

const editor = await Editor.start({
  server: ["--engine", "fake"], // next edits need no model
  files: { "prices.py": PRICES, "audit.py": AUDIT },
  settings: {
    "iquest.deadlineMs": 300_000, "editor.inlineSuggest.enabled": false, "editor.cursorBlinking": "solid", "editor.fontSize": 15,
    "editor.hover.enabled": "off", "editor.occurrencesHighlight": "off", "editor.lightbulb.enabled": "off", "breadcrumbs.enabled": false,
    "editor.stickyScroll.enabled": false, "window.title": "IQuest LSP", "editor.renderLineHighlight": "none",
    "git.decorations.enabled": false, "scm.diffDecorations": "none", "editor.matchBrackets": "never", "editor.guides.indentation": false,
  },
});
try {
  const window = await editor.open();
  const { page } = window;
  await window.openFile("prices.py");
  await window.statusBecomes(/Ready/);
  await page.setViewportSize({ width: 760, height: 560 });
  await window.command("View: Close Primary Side Bar");
  if (wants("next-edits-rename")) await rename(window);
  if (wants("next-edits-repeat")) await repeat(window);
} catch (error) {
  await editor.windows[0].picture("failed-film");
  throw error;
} finally {
  await editor.close(false);
}

function wants(name) {
  return wanted.length === 0 || wanted.includes(name);
}

/** What stands beside the code. */
async function offered(page) {
  const parts = await page.locator('.editor-instance .view-line [class*="ced-"][class*="TextEditorDecorationType"]').evaluateAll((all) =>
    all.map((one) => getComputedStyle(one, "::after").content.replace(/^"|"$/g, "")),
  );
  return parts.filter((part) => part !== "none" && part !== "normal").join("");
}

/** Presses Tab until nothing is offered any more, a frame for each state. */
async function takeAll(film, places) {
  const { page } = film;
  for (let place = 0; place < places; place++) {
    let looks = 0;
    await until("a next edit", async () => {
      if (++looks % 60 === 0) await page.keyboard.press(looks % 120 === 0 ? "ArrowLeft" : "ArrowRight");
      return (await offered(page)) !== "";
    }, MOST_MS);
    await film.frame(READ);
    if (!(await here(page))) {
      await page.keyboard.press("Tab");
      await until("the jump", () => here(page), MOST_MS);
      await film.frame(READ / 2);
    }
    const before = await offered(page);
    await page.keyboard.press("Tab");
    await until("the edit", async () => (await offered(page)) !== before, MOST_MS);
  }
  await film.frame(LAST);
}

/** Whether the cursor is on the line of the edit that is shown. */
async function here(page) {
  return page.evaluate(() => {
    const shown = document.querySelector('.editor-instance .view-line [class*="ced-"][class*="TextEditorDecorationType"]')?.closest(".view-line");
    const cursor = document.querySelector(".editor-instance .cursor");
    return shown && cursor && Math.abs(shown.getBoundingClientRect().top - cursor.getBoundingClientRect().top) < 5
      && getComputedStyle(shown.querySelector('[class*="ced-"]'), "::after").content.indexOf("next: ") < 0;
  });
}

async function at(window, line, column) {
  await window.quickInput("Control+G", `:${line}:${column}`);
  await window.page.locator(".statusbar-item", { hasText: `Ln ${line}, Col ${column}` }).first().waitFor();
}

async function rename(window) {
  const film = new Film(window.page, ".part.editor", 330);
  await window.openFile("prices.py");
  for (const [line, column] of [[4, 10], [5, 8]]) {
    await at(window, line, column);
    await film.frame(line === 4 ? READ : 3 * SHORT);
    await film.type("net_");
  }
  await takeAll(film, 2);
  await film.write("next-edits-rename");
  await window.command("File: Save All Files");
  await window.closeEditors();
}

async function repeat(window) {
  const film = new Film(window.page, ".part.editor", 360);
  await window.openFile("audit.py");
  for (const line of [3, 5]) {
    await at(window, line, 15);
    for (let sign = 0; sign < 5; sign++) await window.page.keyboard.press("Shift+ArrowRight");
    await film.frame(line === 3 ? READ : 3 * SHORT);
    await film.type("Order");
  }
  await takeAll(film, 2);
  await film.write("next-edits-repeat");
  await window.command("File: Save All Files");
  await window.closeEditors();
}
