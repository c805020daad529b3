// Takes the films of next edits: a rename and a repeated edit, key by key, in a real VS Code. Each frame is what the screen
// shows once it has come to rest; how long it stays is chosen here. With names as arguments only those.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { Editor, ROOT, until } from "./workbench.mjs";

const { applyPalette, GIFEncoder, quantize } = createRequire(path.join(process.env.IQUEST_EDITORS, "gifenc/"))("gifenc");
const PICTURES = path.join(ROOT, "docs/pictures");
const SHORT = 140, READ = 1400, LAST = 2600; // ms: a key, something new to read, the end
const MOST_MS = 20_000; // a film that waits for longer shows that
const [, , ...wanted] = process.argv;

const PRICES = `"""What things cost."""


def bill(unit_price, count, member=False):
    if unit_price < 0:
        raise ValueError(f"{unit_price} is no price")
    share = 0.95 if member else 1
    return round(share * unit_price * count, 2)
`;
const AUDIT = `def audit(order):
    if not order.items:
        raise ValueError("the order is empty")
    if order.sum < 0:
        raise ValueError("the order costs less than nothing")
    if order.paid > order.sum:
        raise ValueError("the order is paid twice")
    if not order.address:
        raise ValueError("the order goes nowhere")
`;

/** Pictures of one part of the screen, to be made into a film. */
class Film {
  constructor(page, selector, height) {
    Object.assign(this, { page, selector, height, frames: [] });
  }

  /** Takes a frame that stays for some milliseconds; the same as the one before makes that one stay longer. */
  async frame(delay) {
    await this.page.waitForTimeout(350); // the screen comes to rest
    const box = await this.page.locator(this.selector).first().boundingBox();
    const clip = { ...box, height: Math.min(box.height, this.height) };
    this.frames.push({ png: (await this.page.screenshot({ clip })).toString("base64"), delay });
  }

  /** Types a text, a frame for each sign. */
  async type(text) {
    for (const sign of text) {
      await this.page.keyboard.type(sign);
      await this.frame(SHORT);
    }
  }

  /** Writes the film: what does not change from one frame to the next is transparent, which takes next to no space. */
  async write(name) {
    const gif = GIFEncoder();
    let before;
    for (const { png, delay } of this.frames) {
      const { width, height, base64 } = await this.page.evaluate(async (data) => {
        const image = await createImageBitmap(new Blob([Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0))]));
        const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
        canvas.drawImage(image, 0, 0);
        const { data: pixels } = canvas.getImageData(0, 0, image.width, image.height);
        let text = "";
        for (let at = 0; at < pixels.length; at += 32768) text += String.fromCharCode(...pixels.subarray(at, at + 32768));
        return { width: image.width, height: image.height, base64: btoa(text) };
      }, png);
      const pixels = new Uint32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
      const palette = quantize(new Uint8Array(pixels.buffer), 255);
      const index = applyPalette(new Uint8Array(pixels.buffer), palette);
      palette.unshift([0, 0, 0]); // the transparent one
      for (let at = 0; at < index.length; at++) index[at] = before?.[at] === pixels[at] ? 0 : index[at] + 1;
      gif.writeFrame(index, width, height, { palette, delay, transparent: true, transparentIndex: 0, dispose: 1 });
      before = pixels;
    }
    gif.finish();
    fs.mkdirSync(PICTURES, { recursive: true });
    fs.writeFileSync(path.join(PICTURES, `${name}.gif`), gif.bytes());
    for (const [number, { png }] of this.frames.entries()) {
      const folder = path.join(ROOT, "tests/artifacts/editors/films"); // to be looked at
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(path.join(folder, `${name}-${String(number).padStart(2, "0")}.png`), Buffer.from(png, "base64"));
    }
    console.log(`${name}.gif: ${this.frames.length} frames, ${Math.round(gif.bytes().length / 1000)} KB`);
  }
}

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
