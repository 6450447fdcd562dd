/**
 * The time range of a question.
 *
 * In and out: a short text, as the URL holds it: `all`, `1h` (the last hour) or `since~until`.
 */

export type Range =
  | { readonly kind: "all" }
  | { readonly kind: "last"; readonly span: string }
  | { readonly kind: "between"; readonly since: string; readonly until: string };

export const ALL: Range = { kind: "all" };

/** What the range control offers, in its order. */
export const SPANS: readonly { readonly span: string; readonly label: string }[] = [
  { span: "15m", label: "Last 15 minutes" },
  { span: "1h", label: "Last hour" },
  { span: "24h", label: "Last 24 hours" },
  { span: "7d", label: "Last 7 days" },
];

export function parseRange(text: string | null): Range {
  if (text && /^\d{1,6}[smhdw]$/.test(text)) return { kind: "last", span: text };
  const [since, until] = text?.split("~") ?? [];
  if (isInstant(since) && isInstant(until)) return { kind: "between", since, until };
  return ALL;
}

export function renderRange(range: Range): string {
  if (range.kind === "all") return "all";
  return range.kind === "last" ? range.span : `${range.since}~${range.until}`;
}

/** As the server wants it; relative spans are counted back from the server's own clock. */
export function boundsOf(range: Range): { since: string | null; until: string | null } {
  if (range.kind === "all") return { since: null, until: null };
  if (range.kind === "last") return { since: range.span, until: null };
  return { since: range.since, until: range.until };
}

function isInstant(text: string | undefined): text is string {
  return !!text && !Number.isNaN(Date.parse(text));
}
