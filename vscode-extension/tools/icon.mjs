// Draws media/icon.png: a loop of two passes around a cursor. node tools/icon.mjs
import { writeFileSync } from "node:fs";
import { deflateSync } from "node:zlib";

const SIZE = 256;
const SAMPLES = 4; // a side, for smooth edges

const mix = (a, b, t) => a.map((value, i) => value + (b[i] - value) * t);
const DARK = [22, 33, 58], LIGHT = [38, 62, 110], FIRST = [94, 234, 212], SECOND = [250, 204, 21], WHITE = [255, 255, 255];

/** Colour at x, y in 0..1, [r, g, b, a]. */
function colour(x, y) {
  const radius = 0.2; // of the square's corners
  const dx = Math.max(Math.abs(x - 0.5) - 0.5 + radius, 0), dy = Math.max(Math.abs(y - 0.5) - 0.5 + radius, 0);
  if (Math.hypot(dx, dy) > radius) return [0, 0, 0, 0];
  const ground = [...mix(DARK, LIGHT, 1 - y), 255];
  if (Math.abs(x - 0.5) < 0.022 && Math.abs(y - 0.5) < 0.15) return [...WHITE, 255];
  const from = (cx, cy) => Math.hypot(x - cx, y - cy);
  const angle = Math.atan2(y - 0.5, x - 0.5); // clockwise from the right, since y points down
  const outer = Math.abs(from(0.5, 0.5) - 0.34) < 0.032, inner = Math.abs(from(0.5, 0.5) - 0.24) < 0.032;
  if (outer && !(angle > -0.75 && angle < -0.25)) return [...FIRST, 255];
  if (inner && !(angle > 2.4 && angle < 2.95)) return [...SECOND, 255];
  // The arrow at the outer loop's open end.
  const [ax, ay] = [0.5 + 0.34 * Math.cos(-0.75), 0.5 + 0.34 * Math.sin(-0.75)];
  const along = (x - ax) * Math.sin(0.75) + (y - ay) * Math.cos(0.75), across = (x - ax) * Math.cos(-0.75) + (y - ay) * Math.sin(-0.75);
  if (along > -0.01 && along < 0.1 && Math.abs(across) < 0.075 * (1 - along / 0.1)) return [...FIRST, 255];
  return ground;
}

const rows = [];
for (let y = 0; y < SIZE; y++) {
  const row = Buffer.alloc(1 + SIZE * 4);
  for (let x = 0; x < SIZE; x++) {
    const sum = [0, 0, 0, 0];
    for (let sample = 0; sample < SAMPLES ** 2; sample++) {
      const [r, g, b, a] = colour((x + ((sample % SAMPLES) + 0.5) / SAMPLES) / SIZE, (y + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) / SIZE);
      [r * a, g * a, b * a, a].forEach((value, i) => (sum[i] += value));
    }
    const alpha = sum[3] || 1;
    row.set([sum[0] / alpha, sum[1] / alpha, sum[2] / alpha, sum[3] / SAMPLES ** 2].map(Math.round), 1 + x * 4);
  }
  rows.push(row);
}

const table = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const crc = (data) => (data.reduce((c, byte) => table[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;
function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc(body), body.length + 4);
  return out;
}
const header = Buffer.alloc(13);
header.writeUInt32BE(SIZE, 0);
header.writeUInt32BE(SIZE, 4);
header.set([8, 6, 0, 0, 0], 8);
writeFileSync(
  new URL("../media/icon.png", import.meta.url),
  Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(rows), { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]),
);
