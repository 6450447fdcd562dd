/**
 * What a tile asks, and where its answer is seen in the explorer.
 *
 * In: a kind, a question, a time. Out: an answer in the form that its kind draws, an address.
 * Promise: lines and bars without a pipe count events by severity, in steps that fit the time;
 * a number without a pipe counts events; everything else is asked as it is written.
 */
import type { Histogram, Patterns, Stats } from "../api/answers";
import { type Scope, getHistogram, getPatterns, getStats } from "../api/client";
import { renderAddress } from "../router";
import { splitQuestion } from "../state/clauses";
import { DEFAULT_COLUMNS } from "../state/columns";
import { type Timeline, hasSteps, numberColumns, timelineOf } from "../state/numbers";
import { type Range, boundsOf } from "../state/range";
import { worstFirst } from "../ui/severity";
import type { Kind } from "./shapes";

export type TileAnswer =
  | { readonly form: "timeline"; readonly timeline: Timeline; readonly name: string }
  | { readonly form: "stats"; readonly stats: Stats; readonly column: number }
  | { readonly form: "patterns"; readonly patterns: Patterns };

/** Bars as wide as a finger on a narrow tile, a pen on a wide one. */
const BUCKETS = 60;

export async function askTile(
  kind: Kind,
  question: string,
  range: Range,
  zone: string,
  signal: AbortSignal,
): Promise<TileAnswer> {
  const scope: Scope = { text: question, zone, ...boundsOf(range) };
  const isChart = kind === "line" || kind === "bar";
  if (kind === "patterns") return { form: "patterns", patterns: await getPatterns(scope, signal, false) };
  if (isChart && splitQuestion(question).pipe === null) {
    const timeline = timelineOfCounts(await getHistogram(scope, BUCKETS, signal));
    return { form: "timeline", timeline, name: "Events" };
  }
  const stats = await getStats({ ...scope, text: textOf(kind, question) }, signal, false);
  const column = numberColumns(stats)[0] ?? 0;
  if (isChart && hasSteps(stats))
    return { form: "timeline", timeline: timelineOf(stats, column), name: stats.columns[column]?.name ?? "" };
  return { form: "stats", stats, column };
}

/** Nothing to draw: no row, or only zeros over time; a number is drawn without a row too. */
export function holdsNothing(answer: TileAnswer, kind: Kind): boolean {
  if (answer.form === "timeline") return !answer.timeline.lines.some(({ values }) => values.some(Boolean));
  if (answer.form === "patterns") return !answer.patterns.patterns.length;
  return kind !== "number" && !answer.stats.rows.length;
}

/** What is really asked, and what a mistake's position counts in. */
export function textOf(kind: Kind, question: string): string {
  const isBare = kind === "number" && splitQuestion(question).pipe === null;
  return isBare ? `${question} | count`.trim() : question;
}

export function timelineOfCounts({ starts, interval_ms, series }: Histogram): Timeline {
  const lines = series
    .map(({ name, counts }) => ({ name, subject: { field: "severity", value: name }, values: counts }))
    .toSorted(worstFirst);
  return { starts, stepMs: interval_ms, lines, isSeverity: true, canStack: true, unit: "" };
}

/** The explorer with this question and time. */
export function exploreAddress(kind: Kind, text: string, range: Range): string {
  const view = kind === "patterns" || kind === "line" || kind === "bar" || kind === "table" ? kind : null;
  const isNumbers = splitQuestion(text).pipe !== null;
  const fits = view !== null && (view === "patterns") !== isNumbers;
  return renderAddress({
    text,
    range,
    isLive: false,
    columns: DEFAULT_COLUMNS,
    view: fits ? view : null,
    id: null,
  });
}
