/**
 * The time range of a question.
 *
 * In and out: a short text, as the URL holds it: `all`, `1h` (the last hour) or `since~until`,
 * where one side may be open; and times as people type them.
 */
import { parseAgo, parseEnd, parseMoment, renderMoment } from "./moment";

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
  { span: "14d", label: "Last 14 days" },
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

/**
 * The range of two typed sides, or what is wrong with them; times are those of an IANA zone.
 *
 * See `moment` for what can be typed; empty is open.
 */
export function parseTyped(from: string, to: string, now: Date, zone: string): Range | string {
  const span = parseAgo(from);
  if (span && (!to.trim() || /^now$/i.test(to.trim()))) return { kind: "last", span };
  const clock = { nowNs: BigInt(now.getTime()) * 1_000_000n, zone };
  const since = from.trim() ? parseMoment(from, clock) : null;
  const until = to.trim() ? parseEnd(to, since, clock) : null;
  if (from.trim() && since === null) return refusalOf("From", from);
  if (to.trim() && until === null) return refusalOf("To", to);
  if (since !== null && until !== null && since >= until) return "The end must be later than the beginning.";
  if (since === null && until === null) return ALL;
  return {
    kind: "between",
    since: since === null ? null : renderMoment(since),
    until: until === null ? null : renderMoment(until),
  };
}

function refusalOf(side: string, typed: string): string {
  return `${side}: “${typed.trim()}” is no time; write 2h ago, 08:00, yesterday 18:00, Nov 24 or 2026-11-24 08:00.`;
}
