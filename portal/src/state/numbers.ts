/**
 * A table of numbers as a chart can show it.
 *
 * In: the answer of a question with a pipe. Out: lines over time, or bars by group.
 * Promise: each series has a value, or null, for every step; steps without an event count as 0
 * where events are counted and are left open where values are.
 */
import type { Cell, Stats } from "../api/answers";
import { type Subject, isAdditive, isZeroWithoutEvents, unitOf } from "../explore/series";
import { worstFirst } from "../ui/severity";

export interface Line {
  readonly name: string;
  /** What its colour goes by. */
  readonly subject: Subject | null;
  readonly values: readonly (number | null)[];
}

export interface Timeline {
  /** When the steps begin, ms since 1970. */
  readonly starts: readonly number[];
  readonly stepMs: number;
  /** The largest first; severities the worst first. */
  readonly lines: readonly Line[];
  /** Severities have colours of their own. */
  readonly isSeverity: boolean;
  /** Whether its lines are parts of a whole: numbers that add up, and none below zero. */
  readonly canStack: boolean;
  readonly unit: string;
}

export interface Bar {
  readonly name: string;
  readonly subject: Subject | null;
  readonly value: number;
  readonly row: readonly Cell[];
}

/** More than the server gives; a gap of years at one second must not fill the memory. */
const MAX_STEPS = 5_000;

export function numberColumns(stats: Stats): number[] {
  return stats.columns.flatMap(({ role }, index) => (role === "number" ? [index] : []));
}

export function hasSteps(stats: Stats): boolean {
  return stats.columns.some(({ role }) => role === "step");
}

/** What a group is called where it has no value. */
export function renderGroup(cell: Cell): string {
  return cell === null || cell === "" ? "(none)" : String(cell);
}

/** The lines of one column of numbers over the steps. */
export function timelineOf(stats: Stats, column: number): Timeline {
  const stepAt = stats.columns.findIndex(({ role }) => role === "step");
  const groups = groupColumns(stats);
  const stepMs = (stats.every_s ?? 1) * 1_000;
  const found = new Map<string, Map<number, number | null>>();
  for (const row of stats.rows) {
    const name = labelOf(groups, row) || nameOf(stats, column);
    const points = found.get(name) ?? new Map<number, number | null>();
    points.set(Date.parse(String(row[stepAt])), asNumber(row[column] ?? null));
    found.set(name, points);
  }
  const starts = allSteps([...found.values()], stepMs);
  const blank = isZeroWithoutEvents(nameOf(stats, column)) ? 0 : null;
  const field = fieldOf(stats, groups);
  const isSeverity = field === "severity";
  const lines = [...found].map(([name, points]) => ({
    name,
    subject: groups.length ? { field, value: name } : null,
    values: starts.map((start) => points.get(start) ?? blank),
  }));
  const canStack =
    isAdditive(nameOf(stats, column)) &&
    !lines.some(({ values }) => values.some((value) => (value ?? 0) < 0));
  const order = isSeverity ? worstFirst : (a: Line, b: Line) => sumOf(b) - sumOf(a);
  return {
    starts,
    stepMs,
    lines: lines.toSorted(order),
    isSeverity,
    canStack,
    unit: unitOf(nameOf(stats, column)),
  };
}

/** One bar per group, as the server orders them. */
export function barsOf(stats: Stats, column: number): Bar[] {
  const groups = groupColumns(stats);
  const field = fieldOf(stats, groups);
  return stats.rows.map((row) => {
    const label = labelOf(groups, row);
    return {
      name: label || nameOf(stats, column),
      subject: groups.length ? { field, value: label } : null,
      value: asNumber(row[column] ?? null) ?? 0,
      row,
    };
  });
}

/** Rows as tab-separated text, for a spreadsheet. */
export function renderTable(stats: Stats): string {
  const clean = (cell: Cell) => String(cell ?? "").replace(/[\t\r\n]+/g, " ");
  const lines = [stats.columns.map(({ name }) => name), ...stats.rows];
  return lines.map((cells) => cells.map(clean).join("\t")).join("\n");
}

function groupColumns(stats: Stats): number[] {
  return stats.columns.flatMap(({ role }, index) => (role === "group" ? [index] : []));
}

function fieldOf(stats: Stats, groups: readonly number[]): string {
  return groups.map((at) => nameOf(stats, at)).join(" · ");
}

function labelOf(groups: readonly number[], row: readonly Cell[]): string {
  return groups.map((at) => renderGroup(row[at] ?? null)).join(" · ");
}

function nameOf(stats: Stats, column: number): string {
  return stats.columns[column]?.name ?? "";
}

/** Weeks and days have an hour more or less twice a year: steps that are there are kept as they are. */
function allSteps(series: readonly ReadonlyMap<number, unknown>[], stepMs: number): number[] {
  const known = [...new Set(series.flatMap((points) => [...points.keys()]))].sort((a, b) => a - b);
  const steps: number[] = [];
  for (const start of known) {
    for (
      let at = (steps.at(-1) ?? start) + stepMs;
      at <= start - stepMs / 2 && steps.length < MAX_STEPS;
      at += stepMs
    )
      steps.push(at);
    steps.push(start);
  }
  return steps;
}

function asNumber(cell: Cell): number | null {
  if (cell === null || cell === "") return null;
  const number = typeof cell === "number" ? cell : Number(cell);
  // A time (min(timestamp)) is a place on the axis too.
  return Number.isNaN(number) ? Date.parse(String(cell)) || null : number;
}

function sumOf(line: Line): number {
  return line.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}
