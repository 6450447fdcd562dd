/**
 * What a series of numbers is: whether it adds up, its unit, its colour.
 *
 * In: the name of a column as it was asked (`p95(DurationMs)`), the field and the value of a group.
 * Out: how it may be drawn. Promise: the same field and value have the same colour on every chart and
 * after every reload, whatever their rank; where two of one chart would have the same, the second one
 * in the order of names takes the next free one. A unit is named only where the field's name says it.
 */

/** As many as `tokens.css` has: ten hues, each darker or lighter once more. */
export const COLORS = 20;
const HUES = 10;

/** Only such numbers are a whole when they stand on each other: counts and sums, not values. */
export function isAdditive(name: string): boolean {
  return name === "count" || name.startsWith("sum(");
}

/** Where nothing happened there are none of them; a value is not known then. */
export function isZeroWithoutEvents(name: string): boolean {
  return isAdditive(name) || name.startsWith("count ");
}

const UNITS: Readonly<Record<string, string>> = {
  ns: "ns",
  nanos: "ns",
  nanoseconds: "ns",
  us: "µs",
  µs: "µs",
  micros: "µs",
  microseconds: "µs",
  ms: "ms",
  millis: "ms",
  milliseconds: "ms",
  s: "s",
  sec: "s",
  secs: "s",
  seconds: "s",
  bytes: "bytes",
  pct: "%",
  percent: "%",
};

/** `ms` of `p95(DurationMs)`; nothing of counts, of rates (`bytes_per_s`), and of what only looks so. */
export function unitOf(name: string): string {
  const [, how, field] = /^([a-z][\w.]*)\((.+)\)$/.exec(name) ?? [];
  if (!how || !field) return "";
  const words = wordsOf(field);
  const unit = UNITS[words.at(-1) ?? ""] ?? "";
  if (words.some((word) => word === "per" || word === "rate")) return "";
  // A letter alone is a unit only behind something; shares of different wholes have no sum.
  if (words.length === 1 && unit === "s" && words[0] === "s") return "";
  return unit === "%" && how === "sum" ? "" : unit;
}

/** `http.DurationMs` → http, duration, ms */
function wordsOf(field: string): string[] {
  return field
    .replace(/^"|"$/g, "")
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}%]+/u)
    .filter(Boolean);
}

/** A value of a field; a chart of one line has none. */
export interface Subject {
  readonly field: string;
  readonly value: string;
}

/** A colour for each, in their order. What has no value has the first colour. */
export function colorsOf(subjects: readonly (Subject | null)[]): number[] {
  const colors = new Array<number>(subjects.length).fill(0);
  const taken = new Set<number>();
  const keyed = subjects.flatMap((subject, at) => (subject ? [{ at, key: keyOf(subject) }] : []));
  for (const { at, key } of keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const home = hash(key) % COLORS;
    const color = nearHome(home).find((each) => !taken.has(each)) ?? home;
    taken.add(color);
    colors[at] = color;
  }
  return colors;
}

function keyOf({ field, value }: Subject): string {
  return `${field.toLowerCase()}\u0000${value}`;
}

/** The other shade of the same hue before any other hue. */
function nearHome(home: number): number[] {
  const hue = home % HUES;
  const shade = home - hue;
  return Array.from({ length: COLORS }, (_, step) => {
    const other = (hue + (step >> 1)) % HUES;
    return other + (step % 2 ? HUES - shade : shade);
  });
}

/** FNV-1a, stirred once more: short texts that are alike must not have colours that are alike. */
function hash(text: string): number {
  let state = 2_166_136_261;
  for (const byte of new TextEncoder().encode(text)) state = Math.imul(state ^ byte, 16_777_619);
  state = Math.imul(state ^ (state >>> 16), 2_246_822_507);
  return (state ^ (state >>> 13)) >>> 0;
}
