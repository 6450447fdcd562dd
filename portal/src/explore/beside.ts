/**
 * Bars side by side, as paths to fill: for numbers that are no parts of a whole.
 *
 * In: values of each series, the room, and where a value stands in it. Out: a path per series.
 * Promise: bars of one step touch each other and no bar of another step; what is not known has none.
 */

/** Thinner than this nobody tells one from the next. */
const MIN_WIDTH = 2;
/** Wider than this a bar looks like a ground. */
const MAX_WIDTH = 40;
/** What bars take of their step. */
const SHARE = 0.8;
/** Lower than this one does not see it. */
const MIN_HEIGHT = 1.5;

/** Whether there is room for all of them; else they are better drawn as lines. */
export function fitBeside(seriesCount: number, stepCount: number, width: number): boolean {
  return barWidth(seriesCount, stepCount, width) >= MIN_WIDTH;
}

export function besidePaths(
  series: readonly (readonly (number | null)[])[],
  width: number,
  y: (value: number) => number,
): string[] {
  const stepCount = series[0]?.length ?? 0;
  if (!stepCount || width <= 0) return series.map(() => "");
  const bar = barWidth(series.length, stepCount, width);
  const zero = y(0);
  return series.map((values, place) => {
    let path = "";
    for (const [index, value] of values.entries()) {
      if (!value) continue;
      const middle = ((index + 0.5) / stepCount) * width;
      const left = middle + (place - series.length / 2) * bar;
      const rise = y(value) - zero;
      const height = Math.sign(rise) * Math.max(Math.abs(rise), MIN_HEIGHT);
      path += `M${round(left)} ${round(zero)}v${round(height)}h${round(bar)}v${round(-height)}z`;
    }
    return path;
  });
}

function barWidth(seriesCount: number, stepCount: number, width: number): number {
  return Math.min(((width / Math.max(stepCount, 1)) * SHARE) / Math.max(seriesCount, 1), MAX_WIDTH);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
