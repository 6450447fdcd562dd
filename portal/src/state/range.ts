/**
 * The time range of a question.
 *
 * In and out: a short text, as the URL holds it: `all`, `1h` (the last hour) or `since~until`,
 * where one side may be open; and times as people type them.
 */
import type { Zone } from "../ui/time";

export type Range =
  | { readonly kind: "all" }
  | { readonly kind: "last"; readonly span: string }
  | { readonly kind: "between"; readonly since: string | null; readonly until: string | null };

export const ALL: Range = { kind: "all" };

/** What the range control offers, in its order. */
export const SPANS: readonly { readonly span: string; readonly label: string }[] = [
  { span: "15m", label: "Last 15 minutes" },
  { span: "1h", label: "Last hour" },
  { span: "6h", label: "Last 6 hours" },
  { span: "24h", label: "Last 24 hours" },
  { span: "7d", label: "Last 7 days" },
  { span: "30d", label: "Last 30 days" },
];

const SPAN = /^\d{1,6}[smhdw]$/;

export function parseRange(text: string | null): Range {
  if (!text) return ALL;
  if (SPAN.test(text)) return { kind: "last", span: text };
  const sides = text.split("~");
  if (sides.length !== 2 || sides.some((side) => side && Number.isNaN(Date.parse(side)))) return ALL;
  const [since, until] = sides.map((side) => side || null) as [string | null, string | null];
  return since || until ? { kind: "between", since, until } : ALL;
}

export function renderRange(range: Range): string {
  if (range.kind === "all") return "all";
  return range.kind === "last" ? range.span : `${range.since ?? ""}~${range.until ?? ""}`;
}

/** As the server wants it; relative spans are counted back from the server's own clock. */
export function boundsOf(range: Range): { since: string | null; until: string | null } {
  if (range.kind === "all") return { since: null, until: null };
  if (range.kind === "last") return { since: range.span, until: null };
  return { since: range.since, until: range.until };
}

/** The other way round, as the server keeps them: "" is open. */
export function rangeOf(since: string, until: string): Range {
  if (!since && !until) return ALL;
  return parseRange(!until && SPAN.test(since) ? since : `${since}~${until}`);
}

/** A range with an end gets no new events. */
export function hasEnd(range: Range): boolean {
  return range.kind === "between" && range.until !== null;
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const AGO = /^(\d{1,6})\s*(s|m|h|d|w|sec|min|hours?|minutes?|seconds?|days?|weeks?)(\s+ago)?$/i;
const WRITTEN =
  /^(?:(\d{4})-(\d\d?)-(\d\d?)|today|yesterday)?[\sT]*(?:(\d\d?):(\d\d)(?::(\d\d)(\.\d{1,9})?)?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/i;

/**
 * The range of two typed sides, or what is wrong with them.
 *
 * `2h ago`, `now`, `today`, `yesterday 18:00`, `08:00`, `2026-11-24 08:00`; empty is open.
 */
export function parseTyped(from: string, to: string, now: Date, zone: Zone): Range | string {
  const ago = AGO.exec(from.trim());
  if (ago && (!to.trim() || /^now$/i.test(to.trim())))
    return { kind: "last", span: `${Number(ago[1])}${ago[2]?.[0]?.toLowerCase()}` };
  const sides = [from, to].map((side) => (side.trim() ? parseTime(side, now, zone) : null));
  for (const [index, side] of sides.entries())
    if (typeof side === "string")
      return `${index ? "To" : "From"}: ${side}`;
  const [since, until] = sides as [Date | null, Date | null];
  if (since && until && since >= until) return "The end must be later than the beginning.";
  if (!since && !until) return ALL;
  return { kind: "between", since: since?.toISOString() ?? null, until: until?.toISOString() ?? null };
}

function parseTime(typed: string, now: Date, zone: Zone): Date | string {
  const text = typed.trim();
  if (/^now$/i.test(text)) return now;
  const ago = AGO.exec(text);
  if (ago) return new Date(now.getTime() - Number(ago[1]) * (UNITS[ago[2]?.[0]?.toLowerCase() ?? ""] ?? 0));
  const parts = WRITTEN.exec(text);
  const date = parts && dateOf(text, parts, now, zone);
  return date && !Number.isNaN(date.getTime())
    ? date
    : `“${text}” is no time; write 2h ago, 08:00 or 2026-11-24 08:00.`;
}

/** The calendar's day in the zone that is shown, unless the text names an offset. */
function dateOf(text: string, parts: RegExpExecArray, now: Date, zone: Zone): Date | null {
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", offset] = parts;
  const isUtc = zone === "utc" || offset !== undefined;
  const days = /^yesterday/i.test(text) ? 1 : 0;
  const today = isUtc
    ? ([now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() - days] as const)
    : ([now.getFullYear(), now.getMonth(), now.getDate() - days] as const);
  const on = year ? ([Number(year), Number(month) - 1, Number(day)] as const) : today;
  const at = [Number(hour), Number(minute), Number(second), Math.floor(Number(fraction) * 1_000)] as const;
  if (at[0] > 24 || at[1] > 59 || at[2] > 59 || on[1] > 11 || (year && (on[2] < 1 || on[2] > 31))) return null;
  const made = isUtc ? new Date(Date.UTC(...on, ...at)) : new Date(...on, ...at);
  return new Date(made.getTime() - minutesOf(offset) * 60_000);
}

function minutesOf(offset: string | undefined): number {
  const parts = /^([+-])(\d\d):?(\d\d)$/.exec(offset ?? "");
  return parts ? (parts[1] === "-" ? -1 : 1) * (Number(parts[2]) * 60 + Number(parts[3])) : 0;
}
