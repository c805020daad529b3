// A film: what a page shows, frame by frame, as a GIF in docs/pictures. Each frame is what is there once the screen has come to
// rest; how long it stays is chosen by who takes it.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { CACHE, ROOT } from "./workbench.mjs";

const { applyPalette, GIFEncoder, quantize } = createRequire(path.join(CACHE, "gifenc/"))("gifenc");
const PICTURES = path.join(ROOT, "docs/pictures");
/** How long frames stay, in ms: a key, something new to read, the end. */
export const SHORT = 140, READ = 1400, LAST = 2600;

/** What the films show being edited: a parameter that is renamed, a text that is changed in the same way at several lines. */
export const PRICES = `"""What things cost."""


def bill(unit_price, count, member=False):
    if unit_price < 0:
        raise ValueError(f"{unit_price} is no price")
    share = 0.95 if member else 1
    return round(share * unit_price * count, 2)
`;
export const AUDIT = `def audit(order):
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
export class Film {
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
