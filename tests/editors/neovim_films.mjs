// Takes the films of next edits in a real Neovim with the plug-in: a rename and a repeated edit, key by key, as it stands in a
// terminal. With names as arguments only those.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { Terminal } from "./terminal.mjs";
import { AUDIT, Film, LAST, PRICES, READ, SHORT } from "./vscode/film.mjs";
import { PYTHON, ROOT } from "./vscode/workbench.mjs";

const NEOVIM = path.join(ROOT, ".venv/bin/nvim");
const MOST_MS = 60_000; // a film that waits for longer shows that
const ESCAPE = "\x1b", TAB = "\t";
const [, , ...wanted] = process.argv;
const INIT = `vim.opt.runtimepath:prepend(${JSON.stringify(path.join(ROOT, "editors/neovim"))})
require('iquest').setup({ cmd = ${lua([PYTHON, "-P", "-m", "iquest_lsp.cli", "--engine", "fake", "--stdio"])}, settings = { deadlineMs = 300000, idleExitSeconds = 1 } })
vim.o.number, vim.o.signcolumn, vim.o.swapfile, vim.o.updatetime, vim.o.hlsearch = true, 'yes', false, 1000, false
vim.o.rulerformat = ''
`;

function lua(texts) {
  return `{ ${texts.map((text) => `'${text}'`).join(", ")} }`;
}

/** One film: `edit` makes the edits that ask for others; those are gone to and taken then, one after the other. */
async function film(name, file, text, places, edit) {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const terminal = await Terminal.start(NEOVIM, ["-u", "init.lua", "-i", "NONE", "-n", file], {
    prepare(home) {
      const folder = path.join(home, "shop");
      fs.mkdirSync(folder);
      fs.writeFileSync(path.join(folder, file), text);
      fs.writeFileSync(path.join(folder, "init.lua"), INIT);
      for (const words of [["init", "-q"], ["add", file], ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "-m", "Begin"]]) {
        execFileSync("git", words, { cwd: folder });
      }
      return folder;
    },
  });
  try {
    await terminal.shows("the file", ({ text: now }) => now.includes(text.split("\n")[0]));
    terminal.type(":lua vim.wait(60000, function() local c = vim.lsp.get_clients({ name = 'iquest' })[1] return c and c.initialized end) print('attached')\r");
    await terminal.shows("the server", ({ text: now }) => /^attached/m.test(now), MOST_MS);
    terminal.type(":echo ''\r");
    const taken = new Film(terminal.page, "#screen", 1000);
    await edit(terminal, taken);
    for (const line of places) {
      await terminal.shows(`a next edit in line ${line}`, ({ lines }) => lines[line - 1].includes("→"), MOST_MS);
      await taken.frame(READ);
      terminal.type(TAB);
      await terminal.shows(`the jump to line ${line}`, ({ row }) => row === line - 1, MOST_MS);
      await taken.frame(READ / 2);
      terminal.type(TAB);
      await terminal.shows(`line ${line} changed`, ({ lines }) => !lines[line - 1].includes("→"), MOST_MS);
    }
    await taken.frame(LAST);
    await taken.write(name);
  } finally {
    await terminal.close(`${ESCAPE}:qa!\r`);
  }
}

/** Types keys, a frame after each. */
async function keys(terminal, taken, text) {
  for (const key of text) {
    terminal.type(key);
    await taken.frame(SHORT);
  }
}

await film("next-edits-rename-neovim", "prices.py", PRICES, [6, 8], async (terminal, taken) => {
  terminal.type("4G0fu"); // onto the parameter
  await taken.frame(READ);
  await keys(terminal, taken, `inet_${ESCAPE}`);
  terminal.type("5G0fu");
  await taken.frame(4 * SHORT);
  await keys(terminal, taken, `inet_${ESCAPE}`);
});
await film("next-edits-repeat-neovim", "audit.py", AUDIT, [7, 9], async (terminal, taken) => {
  terminal.type('3G0fV'); // onto the error
  await taken.frame(READ);
  await keys(terminal, taken, `ctEOrder${ESCAPE}`);
  terminal.type('5G0fV');
  await taken.frame(4 * SHORT);
  await keys(terminal, taken, "."); // the same again
});
