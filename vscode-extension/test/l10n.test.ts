import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import chinese from "../l10n/bundle.l10n.zh-cn.json";
import manifest from "../package.json";
import english from "../package.nls.json";
import chineseManifest from "../package.nls.zh-cn.json";
import { textsOf } from "./texts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const found = textsOf();
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\d\}/g) ?? [])].sort();
const links = (text: string): string[] => [...text.matchAll(/\(command:[\w.]+\)/g)].map((link) => link[0]);

test("every text of the source is looked up, and none is left in English", () => {
  expect(found.texts.size).toBeGreaterThan(200);
  expect(found.untranslated).toEqual([]);
});

test("a text that is not looked up would be found", () => {
  expect(textsOf(["../test/fakes/untranslated.ts"]).untranslated).toHaveLength(4);
});

test("Chinese has every text of the source, and no other", () => {
  expect(Object.keys(chinese).sort()).toEqual([...found.texts].sort());
});

test.each(Object.entries(chinese))("what is filled in stays: %s", (text, translated) => {
  expect(translated.trim()).not.toBe("");
  expect(placeholders(translated)).toEqual(placeholders(text));
  expect((translated.match(/`/g) ?? []).length % 2).toBe(0);
});

test("the manifest's texts are there in both languages, and no text stands in it itself", () => {
  const keys = [...JSON.stringify(manifest).matchAll(/"%([\w.]+)%"/g)].map((key) => key[1] ?? "");
  expect(Object.keys(english).sort()).toEqual([...new Set(keys)].sort());
  expect(Object.keys(chineseManifest).sort()).toEqual(Object.keys(english).sort());
  for (const [key, text] of Object.entries(english)) {
    expect(links((chineseManifest as Record<string, string>)[key] ?? ""), key).toEqual(links(text));
  }
  const shown = [
    ...manifest.contributes.commands.map((command) => command.title),
    ...manifest.contributes.configuration.map((group) => group.title),
    ...manifest.contributes.walkthroughs.flatMap((item) => [item.title, item.description, ...item.steps.flatMap((step) => [step.title, step.description])]),
  ];
  shown.forEach((text) => expect(text).toMatch(/^%.+%$/));
});

test("the bundle lies where the manifest says, and goes into the package", () => {
  expect(existsSync(`${ROOT}${manifest.l10n}/bundle.l10n.zh-cn.json`)).toBe(true);
  const packed = readFileSync(`${ROOT}.vscodeignore`, "utf8");
  expect(packed).toContain("!l10n/**");
  expect(packed).toContain("!package.nls*.json");
  expect(readdirSync(`${ROOT}${manifest.l10n}`)).toEqual(["bundle.l10n.zh-cn.json"]);
});
