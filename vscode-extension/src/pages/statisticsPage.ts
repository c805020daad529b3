import { type Counts, percentile } from "../status/statistics";
import { number, t } from "../words";

/** The statistics page, as markdown. */
export function statisticsPage(counts: Readonly<Counts>): string {
  const share = counts.shown > 0 ? ` (${Math.round((100 * counts.accepted) / counts.shown)}%)` : "";
  const rows = [50, 90, 95, 99].map((p) => {
    const value = percentile(counts.latencies, p / 100);
    return `| ${t("{0}% within", p)} | ${value === undefined ? "–" : t("{0} ms", Math.round(value))} |`;
  });
  const counted: readonly (readonly [string, string])[] = [
    [t("suggestions offered"), number(counts.shown)],
    [t("accepted whole"), `${number(counts.accepted)}${share}`],
    [t("characters accepted"), number(counts.acceptedCharacters)],
    [t("answers without a suggestion"), number(counts.empty)],
    [t("requests withdrawn while typing"), number(counts.cancelled)],
    [t("requests that failed"), number(counts.failed)],
  ];
  return [
    `# ${t("Completions")}`,
    "",
    t("Since {0}. These numbers stay on this machine.", counts.since),
    "",
    `| ${t("what")} | ${t("count")} |`,
    "| --- | ---: |",
    ...counted.map(([what, value]) => `| ${what} | ${value} |`),
    "",
    `## ${t("Waiting time of the last {0} answers", number(counts.latencies.length))}`,
    "",
    `| ${t("share")} | ${t("time")} |`,
    "| --- | ---: |",
    ...rows,
    "",
    t("A suggestion that one types through counts once. Words and lines accepted one at a time are not counted: the editor does not tell extensions of them."),
    "",
  ].join("\n");
}
