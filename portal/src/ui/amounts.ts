/**
 * Numbers as people read them: bytes, counts, spans of time, how long ago.
 *
 * In: numbers, instants. Out: text. Promise: three digits that count, a unit, nothing else.
 */

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const SPANS: readonly (readonly [number, string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** `1.5 GiB` */
export function renderBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit ? digits(value) : value} ${BYTE_UNITS[unit]}`;
}

/** `12,345` up to a million, then `1.23 M`, `4.56 G`. */
export function renderCount(count: number): string {
  if (count < 1e6) return count.toLocaleString("en-US", { maximumFractionDigits: 0 });
  return count < 999.5e6 ? `${digits(count / 1e6)} M` : `${digits(count / 1e9)} G`;
}

/** `48 ms`, `1.2 s`, `3 min`, `5 h`, `12 d` */
export function renderSpan(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${digits(seconds)} s`;
  const [size, unit] = SPANS.find(([length]) => seconds >= length) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** `now`, `3 min ago`; an instant ahead of us is now. */
export function renderAgo(instant: string, nowMs: number): string {
  const ms = nowMs - Date.parse(instant);
  return ms < 2_000 ? "just now" : `${renderSpan(Math.floor(ms / 1000) * 1000)} ago`;
}

/** `12 %`, `0.3 %` */
export function renderShare(part: number, whole: number): string {
  const percent = whole ? (100 * part) / whole : 0;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  return `${percent < 9.95 ? Number(percent.toFixed(1)) : Math.round(percent)} %`;
}

/** `1 day`, `12 days` */
export function renderNumber(count: number, word: string): string {
  return `${renderCount(count)} ${word}${count === 1 ? "" : "s"}`;
}

function digits(value: number): string {
  return value < 9.995
    ? String(Number(value.toFixed(2)))
    : value < 99.95
      ? String(Number(value.toFixed(1)))
      : String(Math.round(value));
}
