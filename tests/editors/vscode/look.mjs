// How the window looks: in light, dark and high contrast, at 100 and 200%. The pictures lie in tests/artifacts/editors, those of
// one state on one sheet, to be looked at.
import assert from "node:assert/strict";
import fs from "node:fs";
import { ARTIFACTS } from "./workbench.mjs";

/** Each with the class that the workbench has in it. */
const THEMES = { light: ["Default Light Modern", "vs"], dark: ["Default Dark Modern", "vs-dark"], contrast: ["Default High Contrast", "hc-black"] };
/** As a browser of 1280 by 800 lays them out. */
export const SIZES = { 100: { width: 1280, height: 800 }, 200: { width: 640, height: 400 } };

/** The window in every theme and size, one after the other; as it was at the end. */
export async function* views(window) {
  const { editor, page } = window;
  try {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      for (const [theme, [title, kind]] of Object.entries(THEMES)) {
        editor.writeMachine({ "workbench.colorTheme": title });
        await page.locator(`.monaco-workbench.${kind}`).first().waitFor();
        await page.waitForTimeout(300); // pages take their colours from it
        yield { theme, size };
      }
    }
  } finally {
    await page.setViewportSize(SIZES[100]);
    editor.writeMachine({ "workbench.colorTheme": THEMES.dark[0] });
    await page.locator(`.monaco-workbench.${THEMES.dark[1]}`).first().waitFor();
    await wide(page);
  }
}

/** Takes a picture in every theme and size, once `check` has passed there, and puts them on a sheet; the mouse goes away first, unless it `stays`. */
export async function look(window, name, { stays = false, check = async (_view) => undefined } = {}) {
  const shots = [];
  if (!stays) await away(window);
  for await (const { theme, size } of views(window)) {
    await check({ theme, size });
    shots.push({ title: `${name}, ${theme}, ${size}%`, png: await window.page.screenshot(), width: SIZES[100].width / 2 });
  }
  await sheet(window.editor, name, [shots.slice(0, 3), shots.slice(3)]);
}

/** Takes the mouse to where nothing is shown for it, over the status item, whose text goes with that. */
async function away({ page, status }) {
  const box = await status.boundingBox();
  if (box !== null) await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.move(SIZES[200].width / 2, 2, { steps: 5 });
  await page.waitForTimeout(500);
}

/** Rows of pictures ({ title, png, width }) on one picture. */
export async function sheet(editor, name, rows) {
  const page = await editor.browser.newPage({ viewport: { width: 1960, height: 100 } });
  const cell = ({ title, png, width }) => `<td>${title}<br><img src="data:image/png;base64,${png.toString("base64")}" width="${width}"></td>`;
  await page.setContent(`<body style="font: 13px sans-serif"><table>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("")}</table></body>`);
  fs.mkdirSync(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: `${ARTIFACTS}/${name}.png`, fullPage: true });
  await page.close();
}

/** A side bar that a small window has made narrow gets its width back. */
async function wide(page) {
  const bar = await page.locator(".part.sidebar").first().boundingBox();
  if (bar !== null && bar.width > 0 && bar.width < 290 && !(await page.locator(".quick-input-widget:visible").first().isVisible())) {
    await page.mouse.dblclick(bar.x + bar.width + 1, bar.y + bar.height / 2);
  }
}

/** Fails where something cuts off a text of these elements at the right. */
export async function assertWhole(elements) {
  const { seen, cut } = await elements.evaluateAll((all) => {
    const found = { seen: 0, cut: [] };
    for (const element of all) {
      const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(texts.currentNode);
        const { right, width } = range.getBoundingClientRect();
        if (width === 0) continue;
        found.seen += 1;
        for (let at = texts.currentNode.parentElement; at !== element.parentElement; at = at.parentElement) {
          if (getComputedStyle(at).overflowX !== "visible" && right > at.getBoundingClientRect().right + 1) {
            found.cut.push(texts.currentNode.textContent);
            break;
          }
        }
      }
    }
    return found;
  });
  assert.ok(seen > 3, "there are texts");
  assert.deepEqual(cut, [], "texts that are cut off");
}

/** How far the text of an element, or what stands `::after` it, and its ground are apart, from 1 to 21 (WCAG). */
export async function contrast(element, part) {
  return element.evaluate((element, part) => {
    const numbers = (color) => color.match(/[\d.]+/g).map(Number);
    const luminance = (color) => {
      const [r, g, b] = numbers(color).map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let ground = element;
    while (ground.parentElement !== null && numbers(getComputedStyle(ground).backgroundColor)[3] < 0.5) ground = ground.parentElement;
    const two = [getComputedStyle(element, part).color, getComputedStyle(ground).backgroundColor].map(luminance);
    return (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
  }, part);
}
