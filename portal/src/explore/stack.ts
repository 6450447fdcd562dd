/**
 * Bars on top of each other, as paths to fill.
 *
 * In: counts of each series, the first one at the bottom, and the room. Out: a path per series.
 * Promise: what is not zero is seen, however small beside the rest; nothing is higher than the room.
 */

/** Lower than this one does not see it. */
const MIN_HEIGHT = 1.5;

export function stackPaths(
  series: readonly (readonly number[])[],
  width: number,
  height: number,
  max: number,
): string[] {
  const count = series[0]?.length ?? 0;
  if (!count || width <= 0) return series.map(() => "");
  const step = width / count;
  // A gap between bars, as long as there is room for one.
  const gap = step > 4 ? 1 : 0;
  const bases = new Array<number>(count).fill(height);
  return series.map((counts) => {
    let path = "";
    for (const [index, value] of counts.entries()) {
      if (!value) continue;
      const base = bases[index] ?? height;
      const rise = Math.min(Math.max((value / max) * height, MIN_HEIGHT), base);
      bases[index] = base - rise;
      path += `M${round(index * step)} ${round(base)}v${round(-rise)}h${round(step - gap)}v${round(rise)}z`;
    }
    return path;
  });
}

/** The highest stack, at least 1. */
export function highestOf(series: readonly (readonly number[])[]): number {
  const count = series[0]?.length ?? 0;
  let highest = 1;
  for (let index = 0; index < count; index += 1) {
    let sum = 0;
    for (const counts of series) sum += counts[index] ?? 0;
    if (sum > highest) highest = sum;
  }
  return highest;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
