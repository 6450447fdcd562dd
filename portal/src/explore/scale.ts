/**
 * Where marks stand on an axis, and what is written at them.
 *
 * In: a range and the room there is. Out: marks. Promise: round values, never closer than asked.
 */
import { renderBytes } from "../ui/amounts";
import { type Zone, renderClock, renderDay } from "../ui/time";

export interface Mark {
  readonly at: number;
  readonly label: string;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const TIME_STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((each) => each * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((each) => each * MINUTE),
  ...[1, 2, 3, 6, 12].map((each) => each * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((each) => each * DAY),
];

/** Round instants between two (ms since 1970), at most `maxCount`, aligned in the zone. */
export function timeMarks(since: number, until: number, maxCount: number, zone: Zone): Mark[] {
  if (!(until > since) || maxCount < 1) return [];
  const step = TIME_STEPS.find((each) => (until - since) / each <= maxCount) ?? until - since;
  const shift = zone === "utc" ? 0 : -new Date(since).getTimezoneOffset() * MINUTE;
  const marks: Mark[] = [];
  for (let at = Math.ceil((since + shift) / step) * step - shift; at < until; at += step)
    marks.push({ at, label: labelAt(at, step, (at + shift) % DAY === 0, zone) });
  return marks;
}

function labelAt(at: number, step: number, isMidnight: boolean, zone: Zone): string {
  const instant = new Date(at).toISOString();
  if (isMidnight || step >= DAY) return renderDay(instant, zone);
  const clock = renderClock(instant, zone);
  if (step < SECOND) return clock;
  return step < MINUTE ? clock.slice(0, 8) : clock.slice(0, 5);
}

/** The same on both sides of zero, from the lowest up. */
export function marksAcross(lowest: number, highest: number, maxCount: number): Mark[] {
  const below = lowest < 0 ? numberMarks(-lowest, maxCount).slice(1) : [];
  const above = highest > 0 || !below.length ? numberMarks(highest, maxCount) : [{ at: 0, label: "0" }];
  return [...below.toReversed().map(({ at, label }) => ({ at: -at, label: `−${label}` })), ...above];
}

/** 0, then round values up to the first that is not below `max`. */
export function numberMarks(max: number, maxCount: number): Mark[] {
  if (!(max > 0)) return [{ at: 0, label: "0" }];
  const step = roundUp(max / maxCount);
  const count = Math.ceil(max / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => {
    const at = Number((index * step).toPrecision(12));
    return { at, label: shortNumber(at) };
  });
}

function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const lead = [1, 2, 5, 10].find((each) => each * power >= value - 1e-12 * power) ?? 10;
  return lead * power;
}

const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const LONG = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });

/** `1,234.5 ms`, `12.3 MiB`; a number without a unit is that number. */
export function renderValue(value: number, unit: string): string {
  if (unit === "bytes" && value >= 1024) return renderBytes(value);
  return unit ? `${longNumber(value)} ${unit}` : longNumber(value);
}

/** `1.2K` */
export function shortNumber(value: number): string {
  return SHORT.format(value);
}

/** `1,234.56`; whole numbers keep all their digits. */
export function longNumber(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString("en") : LONG.format(value);
}
