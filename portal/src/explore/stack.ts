/**
 * Bars on top of each other, as paths to fill.
 *
 * In: counts of each series, the first one at the bottom, and the room. Out: a path per series.
 * Promise: what is not zero is seen, however small beside the rest; nothing is higher than the room,
 * and a lone bar is a bar.
 */

/** How counts become heights: by themselves, or by their square root, so that one burst hides no others. */
export type Scale = "linear" | "root";

/** Lower than this one does not see it. */
const MIN_HEIGHT = 1.5;
/** Wider than this a bar looks like a ground. */
const MAX_WIDTH = 40;
/** So much above the middle one of the bars the highest flattens the rest: to less than three pixels. */
const BURST = 24;
/** Of fewer bars there is nothing to compare. */
const MIN_BARS = 3;

export function stackPaths(
  series: readonly (readonly number[])[],
  width: number,
  height: number,
  max: number,
  scale: Scale = "linear",
): string[] {
  const count = series[0]?.length ?? 0;
  if (!count || width <= 0) return series.map(() => "");
  const step = width / count;
  // A gap between bars, as long as there is room for one.
  const gap = step > 4 ? 1 : 0;
  const bar = Math.min(step - gap, MAX_WIDTH);
  const margin = bar === MAX_WIDTH ? (step - bar) / 2 : 0;
  const ratios =
    scale === "linear" ? null : sumsOf(series).map((sum) => Math.sqrt(sum / max) / (sum / max || 1));
  const bases = new Array<number>(count).fill(height);
  return series.map((counts) => {
    let path = "";
    for (const [index, value] of counts.entries()) {
      if (!value) continue;
      const base = bases[index] ?? height;
      // In a stack the shares stay what they are; only its height is another.
      const share = (value / max) * (ratios?.[index] ?? 1);
      const rise = Math.min(Math.max(share * height, MIN_HEIGHT), base);
      bases[index] = base - rise;
      path += `M${round(index * step + margin)} ${round(base)}v${round(-rise)}h${round(bar)}v${round(rise)}z`;
    }
    return path;
  });
}

/** The highest stack, at least 1. */
export function highestOf(series: readonly (readonly number[])[]): number {
  return sumsOf(series).reduce((highest, sum) => Math.max(highest, sum), 1);
}

/** Whether one burst flattens the rest. */
export function isBursty(series: readonly (readonly number[])[]): boolean {
  const sums = sumsOf(series)
    .filter((sum) => sum > 0)
    .toSorted((a, b) => a - b);
  const middle = sums[(sums.length - 1) >> 1] ?? 0;
  return sums.length >= MIN_BARS && (sums.at(-1) ?? 0) > middle * BURST;
}

function sumsOf(series: readonly (readonly number[])[]): number[] {
  const count = series[0]?.length ?? 0;
  return Array.from({ length: count }, (_, index) =>
    series.reduce((sum, counts) => sum + (counts[index] ?? 0), 0),
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
