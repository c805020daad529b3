// What edits ask for elsewhere, in a real VS Code: one edit at a time by Tab, all of them by a command, and lines to look
// at, which are no edits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contrast, look } from "./look.mjs";
import { SHAPES, stage } from "./stage.mjs";
import { until } from "./workbench.mjs";

/** A file of its own for each test, whose parameter is renamed: its name stands in no other, where an edit would be unsure. */
const named = (name) => `def ${name}(${name}_width, height):\n    print(${name}_width)\n    log(${name}_width)\n    return ${name}_width * height\n`;
const renamed = (name) => named(name).replaceAll(`${name}_width`, `side_${name}_width`);
const SQUARES = "def square(side):\n    return side * side\n";
const USES = 'from squares import square\n\nprint(square(1))\nprint("é", square(\n    2,\n))\n';
const BOXES = "from cubes import cube_area\n\nprint(cube_area(1))\n";
const scene = stage({
  files: {
    "cubes.py": "def cube_area(side):\n    return side ** 3\n", "boxes.py": BOXES,
    "shapes.py": SHAPES, "notes.md": "# Shapes\n", "rooms.py": named("room"), "halls.py": named("hall"), "doors.py": named("door"),
    "walls.py": named("wall"), "squares.py": SQUARES, "uses.py": USES,
  },
});

/** Puts the cursor at a place, from 1. */
async function at(line, column) {
  const { window } = scene;
  await window.quickInput("Control+G", `:${line}:${column}`);
  await window.page.locator(".statusbar-item", { hasText: `Ln ${line}, Col ${column}` }).first().waitFor();
}

/** Renames the parameter in the head and at its first use, by typing before its name. */
async function rename(name) {
  const { window } = scene;
  await window.file(`${name}s.py`);
  for (const [line, column] of [[1, named(name).indexOf(`${name}_width`) + 1], [2, 11]]) {
    await at(line, column);
    await window.type("side_");
  }
}

/** What stands beside the code: "" where nothing is offered. */
async function offered() {
  const parts = await scene.window.page.locator('.editor-instance .view-line [class*="ced-"][class*="TextEditorDecorationType"]').evaluateAll((all) =>
    all.map((one) => getComputedStyle(one, "::after").content.replace(/^"|"$/g, "")),
  );
  return parts.filter((part) => part !== "none" && part !== "normal").join("").replace(/\s+/g, " ").trim();
}

async function offers(expected) {
  let last = "";
  let looks = 0;
  await until(`next edit ${expected}`, async () => {
    // What took the server longer than it lets a question wait is there when the cursor moves.
    if (++looks % 60 === 0 && last === "") await scene.window.page.keyboard.press(looks % 120 === 0 ? "ArrowLeft" : "ArrowRight");
    return (last = await offered()) === expected;
  }).catch((error) => {
    throw new Error(`${error.message}; there is ${JSON.stringify(last)}`);
  });
}

/** Fails where what stands beside the code is hardly told from the ground. */
async function isRead({ theme }) {
  const shown = scene.window.page.locator('.editor-instance .view-line [class*="ced-"][class*="TextEditorDecorationType"]');
  let most = 0;
  for (const one of await shown.all()) most = Math.max(most, await contrast(one, "::after"));
  assert.ok(most >= 3, `hardly read in ${theme}: ${most}`);
}

/** Waits until the cursor stands behind this beginning of a line. */
async function stands(line, before) {
  await scene.window.page.locator(".statusbar-item", { hasText: `Ln ${line}, Col ${before.length + 1}` }).first().waitFor();
}

test("the places that a rename leaves are offered one by one, taken by Tab, and gone after", async () => {
  const { editor, window } = scene;
  await rename("room");
  await offers("side_room_width +1 more");
  await look(window, "next-edit", { check: isRead });
  await window.page.keyboard.press("Tab");
  await window.isAt(3);
  await window.page.keyboard.press("Tab");
  await stands(3, "    log(side_room_width");
  await offers("side_room_width"); // the last one
  await window.page.keyboard.press("Tab");
  await window.isAt(4);
  await window.page.keyboard.press("Tab");
  await until("the last one taken", async () => /return side_room_width/.test((await window.text.textContent()).replaceAll("\u00a0", " ")));
  await offers("");
  await stands(4, "    return side_room_width");
  await window.save();
  assert.equal(editor.read("rooms.py"), renamed("room"));
  await window.end();
  await window.page.keyboard.press("Tab"); // a key like any other again
  await window.save();
  assert.equal(editor.read("rooms.py"), `${renamed("room")}    `);
});

test("one that is put away does not come again at its place; the next one does", async () => {
  const { editor, window } = scene;
  await rename("hall");
  await offers("side_hall_width +1 more");
  await window.page.keyboard.press("Escape");
  await offers("side_hall_width");
  await window.page.keyboard.press("Tab");
  await window.isAt(4);
  await window.page.keyboard.press("Tab");
  await offers("");
  await window.save();
  assert.equal(editor.read("halls.py"), renamed("hall").replace("log(side_hall_width)", "log(hall_width)"));
});

test("all of them are listed with their reasons, and those that are chosen are taken together", async () => {
  const { editor, window } = scene;
  await rename("door");
  await offers("side_door_width +1 more");
  await window.command("IQuest: What Do My Edits Ask For?");
  const rows = window.page.locator(".quick-input-list .monaco-list-row", { hasText: "door_width → side_door_width" });
  await until("two places", async () => (await rows.count()) === 2);
  assert.match(await rows.first().textContent(), /doors\.py:3.*door_width/s);
  await look(window, "next-edits");
  await window.input.press("Enter");
  await until("all taken", async () => !/\Wdoor_width/.test((await window.text.textContent()).replaceAll("\u00a0", " ")));
  await window.save();
  assert.equal(editor.read("doors.py"), renamed("door"));
  await window.command("IQuest: What Do My Edits Ask For?");
  await window.page.locator(".notification-toast", { hasText: "Your edits ask for nothing elsewhere." }).first().waitFor();
  await window.command("Notifications: Clear All Notifications");
});

test("one that is not on the screen is named at the cursor's line; Tab goes to it", async () => {
  const { editor, window } = scene;
  await window.file("cubes.py");
  await at(1, "def ".length + 1);
  await window.type("whole_");
  await offers("next: boxes.py:1 +1 more");
  await look(window, "next-edit-elsewhere", { check: isRead });
  await window.page.keyboard.press("Tab");
  await window.page.locator('.tab.active[data-resource-name="boxes.py"]').first().waitFor();
  await window.isAt(1);
  await offers("whole_cube_area +1 more");
  await window.page.keyboard.press("Tab");
  await stands(1, "from cubes import whole_cube_area");
  // What is left stays offered, also beside what later edits ask for.
  await offers("whole_cube_area");
  await window.page.keyboard.press("Tab");
  await window.isAt(3);
  await window.page.keyboard.press("Tab");
  await stands(3, "print(whole_cube_area");
  await window.save();
  assert.equal(editor.read("boxes.py"), BOXES.replaceAll("cube_area", "whole_cube_area"));
  await window.file("cubes.py");
  await window.save();
});

test("the page of a change has them, and leads to them though it has the focus itself", async () => {
  const { window } = scene;
  await rename("wall");
  await offers("side_wall_width +1 more");
  await window.save();
  await window.command("IQuest: Explain a Change");
  await window.pick("The working tree");
  const report = await window.reportWith("Next edits (2)");
  await until("the whole of it", async () => !(await report.locator("main#main").textContent()).includes("Reading the history"));
  await report.locator("main#main").click();
  await report.locator("main#main a", { hasText: "Look at all of them" }).click();
  const rows = window.page.locator(".quick-input-list .monaco-list-row", { hasText: "wall_width → side_wall_width" });
  await until("two places", async () => (await rows.count()) === 2);
  await window.page.keyboard.press("Escape");
  await window.closeEditors();
});

test("calls that do not fit any more are lines to look at: they are opened, and nothing is changed", async () => {
  const { editor, window } = scene;
  await window.file("squares.py");
  await at(1, "def square(side".length + 1);
  await window.type(", unit");
  await window.save();
  await window.command("IQuest: What Do My Edits Ask For?");
  const report = await window.reportWith("To look at (2)");
  const text = await report.locator("main#main").textContent();
  assert.match(text, /What to write there cannot be told\..*uses\.py:3.*square takes other parameters now.*uses\.py:4/s);
  await look(window, "to-look-at");
  await report.locator("main#main a", { hasText: "uses.py:4" }).click();
  await window.page.locator('.tab.active[data-resource-name="uses.py"]').first().waitFor();
  await window.isAt(4);
  await window.command("IQuest: Explain a Change");
  await window.pick("The working tree");
  await window.reportWith("To look at (2)");
  assert.equal(editor.read("uses.py"), USES);
  assert.equal(await window.page.locator(".tab.dirty").count(), 0);
  await window.closeEditors();
});
