/**
 * What some buckets of the histogram hold together, and how that is said.
 *
 * In: a histogram, the releases on it, the buckets from the first to the last. Out: sums, words.
 */
import type { Histogram } from "../api/answers";
import { worstFirst } from "../ui/severity";
import { type Zone, renderClock, renderDay } from "../ui/time";
import type { StepRange } from "./brush.svelte";
import type { ReleaseMark } from "./releases";

/** From `since` to `until`, ms since 1970. */
export interface BucketSum {
  readonly since: number;
  readonly until: number;
  readonly releases: readonly string[];
  readonly total: number;
  /** By severity, the worst first; those that there are. */
  readonly values: readonly { readonly name: string; readonly count: number }[];
}

export function sumOf(
  { starts, interval_ms, series }: Histogram,
  appeared: readonly ReleaseMark[],
  { first, last }: StepRange,
): BucketSum {
  const values = series.toSorted(worstFirst).map(({ name, counts }) => ({
    name,
    count: counts.slice(first, last + 1).reduce((sum, count) => sum + count, 0),
  }));
  const begin = starts[0] ?? 0;
  const [since, until] = [begin + first * interval_ms, begin + (last + 1) * interval_ms];
  return {
    since,
    until,
    releases: appeared.filter(({ at }) => at >= since && at < until).map(({ name }) => name),
    total: values.reduce((sum, { count }) => sum + count, 0),
    values: values.filter(({ count }) => count > 0),
  };
}

/** `intervalMs` is a bucket's: of less than a second the fraction is said. */
export function sayRange({ since, until }: BucketSum, intervalMs: number, zone: Zone): string {
  const [from, to] = [since, until].map((ms) => new Date(ms).toISOString()) as [string, string];
  const [day, endDay] = [renderDay(from, zone), renderDay(to, zone)];
  const sayTime = (instant: string) => {
    const clock = renderClock(instant, zone);
    return intervalMs < 1_000 ? clock : clock.slice(0, 8);
  };
  return `${day} ${sayTime(from)} – ${day === endDay ? "" : `${endDay} `}${sayTime(to)}`;
}

export function sayCounts(sum: BucketSum, intervalMs: number, zone: Zone): string {
  const each = sum.values.map(({ name, count }) => `${count.toLocaleString("en")} ${name}`);
  const news = sum.releases.map((name) => `release ${name} appeared`);
  const said = [`${sum.total.toLocaleString("en")} events`, ...each, ...news].join(", ");
  return `${sayRange(sum, intervalMs, zone)}: ${said}`;
}
