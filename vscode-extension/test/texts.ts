/** The texts of the source: those that go through `t` and `plural`, and those that a user would read untranslated. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const SOURCE = fileURLToPath(new URL("../src/", import.meta.url));
/** Two words, as a sentence has them and an identifier, a selector or a key binding has not. */
const SENTENCE = /(^|[^\w.:/-])[A-Za-z][a-z]+,? [a-z]{2,}/;
/** Where plain texts stand for no user: the log is for who looks for a fault, and a page's frame is HTML and styles. */
const PLAIN = /\blog\.(info|warn|error|debug)\($/;
/** Texts for machines: pictures, and programs in another language. */
const FOR_MACHINES = /^(data:|import sys;)/;
const FRAME = "pages/html.ts";

export interface Found {
  readonly texts: ReadonlySet<string>;
  /** FILE: text, for those that do not go through `t`. */
  readonly untranslated: readonly string[];
}

/** All TypeScript files of the extension, relative to SOURCE. */
export function sources(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
}

export function textsOf(files: readonly string[] = sources()): Found {
  const texts = new Set<string>();
  const untranslated: string[] = [];
  for (const file of files) {
    const tree = ts.createSourceFile(file, readFileSync(SOURCE + file, "utf8"), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node, translated: boolean): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && ["t", "plural"].includes(node.expression.text)) {
        const keys = node.expression.text === "t" ? node.arguments.slice(0, 1) : node.arguments.slice(1, 3);
        for (const key of keys) {
          if (ts.isStringLiteralLike(key)) {
            texts.add(key.text);
          } else if (file !== "words.ts") {
            untranslated.push(`${file}: ${key.getText()} is no text that can be looked up`);
          }
        }
        node.arguments.forEach((argument) => visit(argument, keys.includes(argument)));
        return;
      }
      const plain = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node) ? node.text : "";
      if (!translated && SENTENCE.test(plain) && !FOR_MACHINES.test(plain) && !ts.isCaseClause(node.parent) && file !== FRAME && !isForTheLog(node)) {
        untranslated.push(`${file}: ${plain}`);
      }
      node.forEachChild((child) => visit(child, translated));
    };
    visit(tree, false);
  }
  return { texts, untranslated };
}

function isForTheLog(node: ts.Node): boolean {
  for (let at: ts.Node | undefined = node; at !== undefined; at = at.parent) {
    if (ts.isCallExpression(at) && PLAIN.test(`${at.expression.getText()}(`)) {
      return true;
    }
  }
  return false;
}
