/** The rows of the model picker: what is installed, and the three that were tested, with what they need. */

import type { ModelChoice, Models } from "../server/protocol";
import { number, t } from "../words";

/** What taking a row does: `value` is the setting's; a model that is not here is fetched, or explained. */
export interface Row {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly kind: "use" | "add" | "explain" | "file" | "separator";
  readonly value: string;
}

/** Memory that a tested model needs at work with a window of 8,192 tokens where the server cannot say, in bytes. */
const SMOLLM2_MEMORY = 400_000_000;
const WINDOW = "8192";

/** What the tested models are good for, by their names; a row has one line for it. */
const USES: Readonly<Record<string, () => string>> = {
  nano: () => t("Any machine: completes lines; no answers."),
  smollm2: () => t("Any machine, slower; follows instructions."),
  "LoopCoder-V2-7B": () => t("GPU, or 16 GB and time: whole functions."),
};

/** `memory` is what this machine has, in bytes. */
export function rowsOf(found: Models, memory: number): Row[] {
  const here = new Set(found.models.map((model) => model.name));
  const tested = testedRows(found, here, memory);
  return [
    separator(t("Installed")),
    ...found.models.map((model) => installedRow(model)),
    ...(tested.length > 0 ? [separator(t("Tested")), ...tested] : []),
    separator(t("Another one")),
    { label: t("A GGUF file …"), description: t("any model with fill-in-the-middle tokens"), detail: "", kind: "file", value: "" },
  ];
}

function installedRow(model: ModelChoice): Row {
  const usable = model.problem === "";
  const { plan } = model;
  const needs = plan == null ? "" : t("window of {0} tokens, {1} cache of {2}", number(plan.window), plan.kv_type, size(plan.kv_bytes));
  return {
    label: `$(${model.current ? "check" : usable ? "circuit-board" : "error"}) ${model.name}${model.current ? ` (${t("in use")})` : ""}`,
    description: usable ? [named(model), size(model.size_bytes), needs].filter(Boolean).join(" · ") : t("cannot be used"),
    detail: usable ? (USES[model.name]?.() ?? plan?.reason ?? "") : model.problem,
    kind: "use",
    value: model.source === "embedded" ? "" : model.name,
  };
}

/** What the file calls its model, where its name does not say the same. */
function named({ name, model }: ModelChoice): string {
  return model.toLowerCase().includes(name.toLowerCase()) ? "" : model;
}

function testedRows(found: Models, here: ReadonlySet<string>, memory: number): Row[] {
  const packaged = found.packaged
    .filter((model) => !here.has(model.name))
    .map((model) => row(model.name, "cloud-download", "add", model.size_bytes, SMOLLM2_MEMORY, memory));
  const known = found.known
    .filter((model) => model.name in USES && !here.has(model.name))
    .map((model) => row(model.name, "info", "explain", model.size_bytes, model.memory[WINDOW] ?? model.size_bytes, memory));
  return [...packaged, ...known];
}

function row(name: string, icon: string, kind: Row["kind"], bytes: number, needs: number, memory: number): Row {
  const fits = needs < memory;
  const figures = kind === "add" ? t("{0} to fetch · {1} at work", size(bytes), size(needs)) : t("{0}, to be converted · {1} at work", size(bytes), size(needs));
  const verdict = fits ? t("fits into {0}", size(memory)) : t("more than the {0} here", size(memory));
  return {
    label: `$(${fits ? icon : "warning"}) ${name}`,
    description: (fits ? [figures, verdict] : [verdict, figures]).join(" · "), // a trouble first: a narrow window cuts the end off
    detail: USES[name]?.() ?? "",
    kind,
    value: name,
  };
}

function separator(label: string): Row {
  return { label, description: "", detail: "", kind: "separator", value: "" };
}

/** Bytes for people. */
export function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}
