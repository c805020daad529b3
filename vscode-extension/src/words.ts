import { env, l10n } from "vscode";

/** The text in the editor's language; `{0}`, `{1}` … are filled in. Every text that a user reads goes through here. */
export function t(text: string, ...values: (string | number)[]): string {
  return l10n.t(text, ...values);
}

/** One of two texts, by a count, which fills in `{0}`; others fill in the rest. */
export function plural(count: number, one: string, many: string, ...values: (string | number)[]): string {
  return t(count === 1 ? one : many, number(count), ...values);
}

/** A number as the editor's language writes it. */
export function number(value: number): string {
  return value.toLocaleString(env.language);
}
