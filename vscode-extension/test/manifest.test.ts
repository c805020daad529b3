import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import manifest from "../package.json";
import english from "../package.nls.json";
import { type Parts, registerCommands } from "../src/commands";
import { settingsOf } from "../src/server/settings";
import { ACCEPTED } from "../src/suggest/inline";
import { executed, registered, shownErrors } from "./fakes/vscode";

/** A text of the manifest in English. */
const text = (key: string): string => (english as Readonly<Record<string, string>>)[key.slice(1, -1)] ?? "";
const log = { error: () => undefined, show: () => undefined };
const declared = manifest.contributes.commands.map((item) => item.command);
/** Commands for links and items, which are of no use in the palette. */
const INTERNAL = ["iquest.showCommit", "iquest.openFile", "iquest.back", ACCEPTED];

function register(parts: Partial<Record<keyof Parts, unknown>> = {}): void {
  registered.clear();
  registerCommands({ log, ...parts } as unknown as Parts);
}

test("every command of the manifest is registered, and nothing else but internal ones", () => {
  register();
  expect([...registered.keys()].sort()).toEqual([...declared, ...INTERNAL].sort());
});

test("menus, keys and the walkthrough name commands that exist", () => {
  const entries: readonly { readonly command?: string; readonly submenu?: string }[] = Object.values(manifest.contributes.menus).flat();
  const named = entries.flatMap((item) => item.command ?? []);
  named.push(...manifest.contributes.keybindings.map((item) => item.command));
  for (const walkthrough of manifest.contributes.walkthroughs) {
    for (const step of walkthrough.steps) {
      named.push(...[...text(step.description).matchAll(/command:([\w.]+)/g)].map((found) => found[1] ?? ""));
      named.push(...step.completionEvents.filter((event) => event.startsWith("onCommand:")).map((event) => event.slice(10)));
    }
  }
  expect(named.length).toBeGreaterThan(10);
  named.forEach((command) => expect(declared).toContain(command));
});

test("commands are shown only where they can work: history in a repository, the server's where it runs", () => {
  const shown = new Map(manifest.contributes.menus.commandPalette.map((entry) => [entry.command, entry.when]));
  for (const command of ["explainDiff", "explainThisDiff", "why", "impact", "suspects", "review", "commitMessage"]) {
    expect(shown.get(`iquest.${command}`), command).toContain("iquest.running && iquest.repository");
  }
  for (const entry of Object.values(manifest.contributes.menus).flat() as { command?: string; submenu?: string; when?: string }[]) {
    if (entry.when?.startsWith("resourceScheme == file")) {
      expect(entry.when, entry.command).toContain("iquest.repository");
    }
    // A key that nobody set is not 0, and so no repository would count as some.
    expect(entry.when ?? "").not.toContain("!= 0");
  }
});

test("the files that the manifest names are there", () => {
  const files = [manifest.icon, ...manifest.contributes.viewsContainers.activitybar.map((item) => item.icon)];
  files.push(...manifest.contributes.walkthroughs.flatMap((item) => item.steps.map((step) => step.media.markdown)));
  files.push("README.md", "CHANGELOG.md", "LICENSE");
  files.forEach((file) => expect(existsSync(new URL(`../${file}`, import.meta.url)), file).toBe(true));
});

test("the changelog speaks of this version", () => {
  expect(readFileSync(new URL("../CHANGELOG.md", import.meta.url), "utf8")).toContain(`## ${manifest.version}`);
});

test("the settings page shows groups and settings in the manifest's order, not by their names", () => {
  const groups = manifest.contributes.configuration;
  expect(groups.map((group) => group.order)).toEqual(groups.map((_, place) => place));
  for (const group of groups) {
    const orders = Object.values(group.properties as Record<string, { order?: number }>).map((item) => item.order);
    expect(orders, group.id).toEqual(orders.map((_, place) => place));
  }
});

test("what a workspace may not set is restricted while it is not trusted", () => {
  const machine = Object.entries(settingsOf(manifest)).filter(([, item]) => item.scope === "machine");
  expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.sort()).toEqual(machine.map(([key]) => key).sort());
});

interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

test("the lock holds every platform's packages, each with its hash, and names no registry", () => {
  const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")) as { packages: Record<string, Locked> };
  const installed = new Set(Object.keys(lock.packages).map((path) => path.split("node_modules/").at(-1)));
  for (const [path, item] of Object.entries(lock.packages)) {
    expect(item.resolved, path).toBeUndefined();
    expect(item.integrity === undefined, path).toBe(path === "");
    for (const name of Object.keys({ ...item.dependencies, ...item.optionalDependencies })) {
      expect(installed, `${name} of ${path}`).toContain(name);
    }
  }
});

test("a command that fails says so", async () => {
  register({ pickModel: async () => Promise.reject(new Error("the server is gone")) });
  await registered.get("iquest.pickModel")?.();
  expect(shownErrors).toEqual(["the server is gone"]);
});

test("asking for a suggestion puts the earlier ones away first", async () => {
  const asked: string[] = [];
  register({ inline: { askAnew: () => asked.push("anew") } });
  await registered.get("iquest.trigger")?.();
  expect(asked).toEqual(["anew"]);
  expect(executed.at(-1)).toEqual(["editor.action.inlineSuggest.trigger"]);
});

test("an accepted suggestion is counted here and by the server", async () => {
  const counted: number[] = [];
  register({ statistics: { accepted: (characters: number) => counted.push(characters) } });
  await registered.get(ACCEPTED)?.(5, { title: "", command: "iquest.accepted", arguments: [7] });
  expect(counted).toEqual([5]);
  expect(executed.at(-1)).toEqual(["iquest.accepted", 7]);
});

test("built-in commands are reached under our names", async () => {
  register();
  await registered.get("iquest.acceptLine")?.();
  expect(executed).toContainEqual(["editor.action.inlineSuggest.acceptNextLine"]);
});

test.each(["../outside.py", "/etc/passwd/../../x", "a/../../outside.py"])("a link does not lead out of its folder: %s", async (path) => {
  register();
  shownErrors.length = 0;
  await registered.get("iquest.openFile")?.("/work", path);
  expect(shownErrors).toHaveLength(1);
});
