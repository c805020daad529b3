/** What the test of the texts must find: a sentence, the two parts of one in a template, and a text that cannot be looked up. */
import { t } from "../../src/words";

export function untranslated(name: string): string[] {
  return ["This is a sentence.", `The file ${name} is gone`, t(name), t("This one is looked up.")];
}
