/** Why the server suggested nothing, in words, with the setting that decides it where there is one. */

import { t } from "../words";

export interface QuietReason {
  readonly text: string;
  /** The name of the setting, without the section. */
  readonly setting?: string;
}

/** The reasons as the server names them (`quiet` of an answer). */
export function quietReason(quiet: string): QuietReason {
  switch (quiet) {
    case "off":
      return { text: t("Completions are switched off for this file, by a setting or by iquest.toml."), setting: "enable" };
    case "loading":
      return { text: t("The model was still being loaded.") };
    case "hidden":
      return { text: t("This file may not be shown to a model: git or a setting leaves it out, or it holds a secret."), setting: "exclude" };
    case "inside a word":
      return { text: t("The cursor stands inside a word.") };
    case "long line":
      return { text: t("The line is too long.") };
    case "deadline":
      return { text: t("The time was up before there was a whole piece worth showing."), setting: "deadlineMs" };
    case "nothing":
      return { text: t("The model had nothing to add here.") };
    case "unsure":
      return { text: t("The model was not sure enough. Asked for by key (Alt+\\) it shows its best guess."), setting: "minConfidence" };
    case "loop":
      return { text: t("The model repeated itself.") };
    case "repeats":
      return { text: t("What the model wrote stands here already.") };
    case "bracket":
      return { text: t("The model only closed brackets that are closed already.") };
    case "broken":
      return { text: t("What the model wrote opens a string and does not end it.") };
    case "grammar":
      return { text: t("What the model wrote breaks the grammar of the language here.") };
    case "unknown name":
      return { text: t("What the model wrote uses a name that nothing in this file names.") };
    case "noise":
      return { text: t("The model had only signs to add, which are quicker typed than read.") };
    case "deleted":
      return { text: t("You have just deleted what the model would write.") };
    case "dismissed":
      return { text: t("You put this suggestion away; it comes again when the text around it changes.") };
    default:
      return { text: t("Nothing was asked here yet, or the last suggestion was shown.") };
  }
}
