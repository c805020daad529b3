import * as path from "node:path";
import * as vscode from "vscode";
import { impactReport, type Place, suspectsReport, whyReport } from "../pages/whyReport";
import type { Pages } from "../pages/report";
import type { Ask } from "../server/ask";
import { IMPACT, type Impact, SUSPECTS, type Suspects, WHY, type Why } from "../server/protocol";
import { t } from "../words";
import { authorsOf, rootOf } from "./git";
import { placeAtCursor } from "./where";

/** Tells of a place how it came to be, what else must change with it, and what may have broken it. */
export class Teller {
  constructor(
    private readonly ask: Ask,
    private readonly pages: Pages,
  ) {}

  /** How the line came to be; without a place, that at the cursor. */
  async why(given?: Place): Promise<void> {
    const asked = await this.place(given);
    if (asked === undefined) {
      return;
    }
    const { place, origin, label } = asked;
    await this.pages.open(t("Why {0}", label)).fill(async (soFar, token) => {
      const impact = this.ask<Impact>(IMPACT, place, undefined, token).catch(() => undefined); // a line of no definition has none
      const found = await this.ask<Why>(WHY, place, undefined, token);
      soFar(whyReport(found, origin, { place }));
      const authors = await authorsOf(origin.folder, found.story.map((item) => item.commit));
      return whyReport(found, origin, { place, authors, impact: await impact });
    });
  }

  /** What else must change if the line does. */
  async impact(given?: Place): Promise<void> {
    const asked = await this.place(given);
    if (asked !== undefined) {
      await this.pages.open(t("What changes with {0}", asked.label)).fill(async (_, token) =>
        impactReport(await this.ask<Impact>(IMPACT, asked.place, undefined, token), asked.origin),
      );
    }
  }

  /** Which change most likely broke the line. */
  async suspects(given?: Place): Promise<void> {
    const asked = await this.place(given);
    if (asked !== undefined) {
      const { place, origin, label } = asked;
      await this.pages.open(t("Suspects of {0}", label)).fill(async (soFar, token) => {
        const found = await this.ask<Suspects>(SUSPECTS, place, undefined, token);
        soFar(suspectsReport(label, found, origin));
        return suspectsReport(label, found, origin, await authorsOf(origin.folder, found.items.map((item) => item.commit)));
      });
    }
  }

  private async place(given: Place | undefined): Promise<{ place: Place; origin: { folder: string }; label: string } | undefined> {
    const at = given === undefined ? await placeAtCursor() : { uri: vscode.Uri.parse(given.uri), line: given.line };
    if (at === undefined) {
      return undefined;
    }
    return {
      place: { uri: at.uri.toString(), line: at.line },
      origin: { folder: (await rootOf(at.uri)).fsPath },
      label: `${path.basename(at.uri.fsPath)}:${at.line + 1}`,
    };
  }
}
