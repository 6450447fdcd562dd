/**
 * What the server says about events in sum, checked: JSON values to typed ones.
 *
 * In: parsed JSON. Out: `Histogram`, `Facets`, `Fields`, `Patterns`, `Context`, `Stats`, …
 * Promise: a value of the wrong shape is a `ShapeError` here, never an `undefined` on the screen.
 */
import { type Event, type Suggestion, readEvent, readSuggestion } from "./shapes";
import { isMembers, list, members, numberOrZero, text, textOrNull } from "./values";

export interface Series {
  readonly name: string;
  readonly counts: readonly number[];
}

/** Bucket i begins at `starts[i]` (ms since 1970) and lasts `interval_ms`. */
export interface Histogram {
  readonly interval_ms: number;
  readonly starts: readonly number[];
  readonly series: readonly Series[];
  readonly total: number;
}

export interface Facet {
  readonly field: string;
  readonly values: readonly { readonly value: string; readonly count: number }[];
  readonly missing: number;
  /** There are values beyond these. */
  readonly has_more: boolean;
}

export interface FieldInfo {
  readonly name: string;
  readonly is_property: boolean;
  readonly type: string;
  readonly share: number;
}

/** A release and when its first event came. */
export interface Release {
  readonly name: string;
  readonly first_seen: string;
}

export interface Pattern {
  readonly pattern: string;
  readonly count: number;
  readonly share: number;
  readonly first_seen: string;
  readonly last_seen: string;
  readonly severities: Readonly<Record<string, number>>;
  readonly example: string;
  readonly example_id: string;
  /** Finds its events; null when it has no word to search by. */
  readonly q: string | null;
}

export interface Patterns {
  readonly patterns: readonly Pattern[];
  readonly distinct: number;
  readonly looked_at: number;
  readonly hint: Suggestion | null;
  readonly notice: string | null;
  readonly elapsed_ms: number;
}

export interface Context {
  readonly events: readonly Event[];
  /** Finds the neighbours. */
  readonly q: string;
}

export type Cell = string | number | null;

export interface Column {
  readonly name: string;
  readonly kind: string;
  readonly role: "step" | "group" | "number";
}

export interface Stats {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly every_s: number | null;
  readonly has_more: boolean;
  readonly hint: Suggestion | null;
  readonly notice: string | null;
  readonly elapsed_ms: number;
}

export interface CompletionItem {
  readonly text: string;
  readonly count: number | null;
}

/** `start` counts characters: what a suggestion replaces, up to the cursor. */
export interface Completion {
  readonly start: number;
  readonly suggestions: readonly CompletionItem[];
}

/** A search to be kept. */
export interface SearchDraft {
  readonly name: string;
  readonly q: string;
  readonly columns: readonly string[];
  readonly since: string;
  readonly until: string;
  readonly is_shared: boolean;
}

export interface SavedSearch extends SearchDraft {
  readonly id: number;
  readonly owner: string;
  readonly can_change: boolean;
}

export function readHistogram(value: unknown): Histogram {
  const found = members(value, "histogram");
  return {
    interval_ms: numberOrZero(found.interval_ms),
    starts: list(found.starts, "starts").map(numberOrZero),
    series: list(found.series, "series").map((each) => {
      const series = members(each, "series");
      const counts = list(series.counts, "counts").map(numberOrZero);
      return { name: text(series.name, "series' name"), counts };
    }),
    total: numberOrZero(found.total),
  };
}

export function readFacets(value: unknown): readonly Facet[] {
  return list(members(value, "facets").facets, "facets").map((each) => {
    const facet = members(each, "facet");
    return {
      field: text(facet.field, "facet's field"),
      values: list(facet.values, "values").map((pair) => {
        const { value: name, count } = members(pair, "value");
        return { value: text(name, "value"), count: numberOrZero(count) };
      }),
      missing: numberOrZero(facet.missing),
      has_more: facet.has_more === true,
    };
  });
}

export function readFields(value: unknown): readonly FieldInfo[] {
  return list(members(value, "fields").fields, "fields").map((each) => {
    const field = members(each, "field");
    return {
      name: text(field.name, "field's name"),
      is_property: field.is_property === true,
      type: textOrNull(field.type) ?? "",
      share: numberOrZero(field.share),
    };
  });
}

export function readReleases(value: unknown): readonly Release[] {
  return list(members(value, "releases").releases, "releases").map((each) => {
    const release = members(each, "release");
    return { name: text(release.name, "release's name"), first_seen: text(release.first_seen, "first_seen") };
  });
}

export function readPatterns(value: unknown): Patterns {
  const found = members(value, "patterns");
  return {
    patterns: list(found.patterns, "patterns").map(readPattern),
    distinct: numberOrZero(found.distinct),
    looked_at: numberOrZero(found.looked_at),
    hint: readSuggestion(found.hint),
    notice: textOrNull(found.notice),
    elapsed_ms: numberOrZero(found.elapsed_ms),
  };
}

function readPattern(value: unknown): Pattern {
  const pattern = members(value, "pattern");
  const severities = isMembers(pattern.severities) ? Object.entries(pattern.severities) : [];
  return {
    pattern: text(pattern.pattern, "pattern"),
    count: numberOrZero(pattern.count),
    share: numberOrZero(pattern.share),
    first_seen: text(pattern.first_seen, "first_seen"),
    last_seen: text(pattern.last_seen, "last_seen"),
    severities: Object.fromEntries(severities.map(([name, count]) => [name, numberOrZero(count)])),
    example: textOrNull(pattern.example) ?? "",
    example_id: text(pattern.example_id, "example_id"),
    q: textOrNull(pattern.q),
  };
}

export function readContext(value: unknown): Context {
  const found = members(value, "context");
  return { events: list(found.events, "events").map(readEvent), q: textOrNull(found.q) ?? "" };
}

export function readStats(value: unknown): Stats {
  const found = members(value, "table");
  return {
    columns: list(found.columns, "columns").map((each) => {
      const { name, kind, role } = members(each, "column");
      const known = role === "step" || role === "group" ? role : "number";
      return { name: text(name, "column's name"), kind: textOrNull(kind) ?? "", role: known };
    }),
    rows: list(found.rows, "rows").map((row) => list(row, "row").map(cellOf)),
    every_s: typeof found.every_s === "number" ? found.every_s : null,
    has_more: found.has_more === true,
    hint: readSuggestion(found.hint),
    notice: textOrNull(found.notice),
    elapsed_ms: numberOrZero(found.elapsed_ms),
  };
}

/** A number too long for a double comes as an object that knows its digits. */
function cellOf(value: unknown): Cell {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  return String(value);
}

export function readCompletion(value: unknown): Completion {
  const found = members(value, "completion");
  return {
    start: numberOrZero(found.start),
    suggestions: list(found.suggestions, "suggestions").map((each) => {
      const { text: said, count } = members(each, "suggestion");
      return { text: text(said, "suggestion"), count: typeof count === "number" ? count : null };
    }),
  };
}

export function readSearches(value: unknown): readonly SavedSearch[] {
  return list(members(value, "searches").searches, "searches").map(readSearch);
}

export function readSearch(value: unknown): SavedSearch {
  const saved = members(value, "saved search");
  return {
    id: numberOrZero(saved.id),
    name: text(saved.name, "search's name"),
    q: text(saved.q, "search"),
    columns: list(saved.columns, "columns").filter((name) => typeof name === "string"),
    since: textOrNull(saved.since) ?? "",
    until: textOrNull(saved.until) ?? "",
    is_shared: saved.is_shared === true,
    owner: textOrNull(saved.owner) ?? "",
    can_change: saved.can_change === true,
  };
}

export function readHistory(value: unknown): readonly string[] {
  return list(members(value, "history").queries, "queries").map((each) =>
    text(members(each, "query").q, "query"),
  );
}
