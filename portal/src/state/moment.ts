/**
 * Times as people type them: `13:00`, `yesterday 14:00`, `2h ago`, `Nov 24`, `2026-11-24 08:15`.
 *
 * In: a text, the instant it is typed at, and an IANA zone. Out: nanoseconds since 1970, or null.
 * Promise: what a time leaves out is filled in by the past: `13:00` is the last one that was, and so
 * are `monday` and `Nov 24`. The server reads times by the same rules (`src/logster/moment.py`); both
 * are tested with one table, `tests/tables/moments.json`.
 *
 * A time that the clocks skip in spring is read as if they had not been changed yet; of one that
 * comes twice in autumn the first is meant. A day is as long as the calendar says, `1d ago` 24 hours.
 */

/** When a time is typed, and whose clocks it is of. */
export interface Clock {
  readonly nowNs: bigint;
  readonly zone: string;
}

/** A day as a number: days since 1970, the same in every zone. */
type Day = number;
type Parts = Readonly<Record<string, string | undefined>>;

const NS_PER_S = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;
const MAX_INSTANT_NS = 2n ** 63n - 1n;
const MAX_CHARACTERS = 100;
const DAY_MS = 86_400_000;
/** Among so many years is one with a 29th of February, even around 2100. */
const YEARS_BACK = 9;
const NOON_HOUR = 12;
const DAY_HOURS = 24;

const UNIT_S: Readonly<Record<string, bigint>> = { s: 1n, m: 60n, h: 3_600n, d: 86_400n, w: 604_800n };
/** Below each bound a number counts in units of so many nanoseconds. */
const UNITS_NS = [
  [10n ** 11n, NS_PER_S],
  [10n ** 14n, NS_PER_MS],
  [10n ** 17n, 1_000n],
  [10n ** 20n, 1n],
] as const;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** As `getUTCDay` counts. */
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DAY_WORDS: Readonly<Record<string, number>> = { today: 0, yesterday: -1, tomorrow: 1 };

const SPAN =
  "\\d{1,6}\\s?(?:weeks?|w|days?|d|hours?|hrs?|hr|h|minutes?|mins?|min|m|seconds?|secs?|sec|s)(?![a-z])";
const RELATIVE = new RegExp(
  `^(?:(?<now>now)\\s?(?=[+-])|(?:last|past)\\s)?(?<sign>[+-]?)\\s?(?<spans>${SPAN}(?:\\s?${SPAN}){0,4})(?:\\sago)?$`,
);
const NUMBER = /^@?(\d{9,20})(?:\.(\d{1,9}))?$/;
const MONTH =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|" +
  "sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
const WEEKDAY =
  "mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?";
const NTH = "(?:st|nd|rd|th|\\.)?";
const yearOf = (name: string) => `(?:,?\\s(?<${name}>\\d{4})(?!:))?`;
const DAY =
  "(?:(?<year>\\d{4})(?<mark>[-/])(?<month>\\d\\d?)\\k<mark>(?<day>\\d\\d?)" +
  "|(?<dotDay>\\d\\d?)\\.\\s?(?<dotMonth>\\d\\d?)\\.(?:\\s?(?<dotYear>\\d{4})(?!:))?" +
  "|(?<shortMonth>\\d\\d?)-(?<shortDay>\\d\\d?)" +
  `|(?<nameMonth>${MONTH})\\.?\\s(?<nameDay>\\d\\d?)${NTH}${yearOf("nameYear")}` +
  `|(?<ofDay>\\d\\d?)${NTH}\\s?(?<ofMonth>${MONTH})\\.?${yearOf("ofYear")}` +
  "|(?<word>today|yesterday|tomorrow)" +
  `|(?<last>last\\s)?(?<weekday>${WEEKDAY}))`;
const CLOCK =
  "(?:(?<hour>\\d\\d?):(?<minute>\\d\\d)(?::(?<second>\\d\\d)(?:[.,](?<fraction>\\d{1,9})\\d*)?)?" +
  "(?:\\s?(?<half>[ap])\\.?m\\.?)?" +
  "|(?<bareHour>\\d\\d?)\\s?(?<bareHalf>[ap])\\.?m\\.?|(?<noon>noon|midnight))";
const ZONE = "(?:\\s?(?<zone>z|utc|gmt|[+-]\\d\\d:?\\d\\d|[+-]\\d\\d(?!\\d)))?";
const WRITTEN = [
  new RegExp(`^${DAY}(?:(?:t|,?\\s(?:at\\s)?)${CLOCK}${ZONE})?$`),
  new RegExp(`^${DAY}\\s?(?<zone>z|utc|gmt|[+-]\\d\\d:\\d\\d)$`),
  new RegExp(`^${CLOCK}${ZONE}(?:,?\\s(?:on\\s)?${DAY})?$`),
];

/** The instant a text means, in nanoseconds since 1970; null where it is no time. */
export function parseMoment(typed: string, clock: Clock): bigint | null {
  const instant = parse(plain(typed), clock);
  return instant !== null && instant >= 0n && instant <= MAX_INSTANT_NS ? instant : null;
}

/**
 * The end of a range that begins at `since`.
 *
 * One that leaves something out and would lie before the beginning is the first one behind it: from
 * 22:00 to 02:00 goes over midnight.
 */
export function parseEnd(typed: string, since: bigint | null, clock: Clock): bigint | null {
  const until = parseMoment(typed, clock);
  if (until === null || since === null || until > since) return until;
  const written = read(plain(typed));
  return (written && firstAfter(written, since, clock.zone)) ?? until;
}

/** How long ago, `2h`, where a text says nothing else and in one unit. */
export function parseAgo(typed: string): string | null {
  const found = RELATIVE.exec(plain(typed))?.groups;
  if (!found || found.sign === "+") return null;
  const [span, ...others] = (found.spans ?? "").matchAll(/(\d+)\s?([a-z])[a-z]*/g);
  return span && !others.length ? `${Number(span[1])}${span[2]}` : null;
}

/** `2026-11-24T08:00:00.123Z`: ISO in UTC, with more digits where there are some. */
export function renderMoment(instantNs: bigint): string {
  const text = new Date(Number(instantNs / NS_PER_MS)).toISOString();
  const rest = instantNs % NS_PER_MS;
  return rest ? text.replace("Z", `${String(rest).padStart(6, "0")}Z`) : text;
}

/** Lower case, one blank between words, and the minus of `renderInstant` as the usual one. */
function plain(typed: string): string {
  if (typed.length > MAX_CHARACTERS) return "";
  return typed.toLowerCase().replaceAll("\u2212", "-").trim().split(/\s+/).join(" ");
}

function parse(text: string, clock: Clock): bigint | null {
  if (text === "now") return clock.nowNs;
  const relative = RELATIVE.exec(text)?.groups;
  if (relative) {
    const length = lengthOf(relative.spans ?? "") * NS_PER_S;
    if (relative.sign === "+") return relative.now ? clock.nowNs + length : null;
    return clock.nowNs - length;
  }
  const number = NUMBER.exec(text);
  if (number) return numberOf(number[1] ?? "", number[2] ?? "");
  const written = read(text);
  return written && lastUntil(written, clock);
}

function lengthOf(spans: string): bigint {
  return [...spans.matchAll(/(\d+)\s?([a-z])/g)].reduce(
    (sum, [, count, unit]) => sum + BigInt(count ?? 0) * (UNIT_S[unit ?? ""] ?? 0n),
    0n,
  );
}

function numberOf(whole: string, fraction: string): bigint | null {
  const number = BigInt(whole);
  const unit = UNITS_NS.find(([bound]) => number < bound)?.[1];
  return unit === undefined ? null : number * unit + (BigInt(fraction.padEnd(9, "0")) * unit) / NS_PER_S;
}

function read(text: string): Parts | null {
  for (const shape of WRITTEN) {
    const found = shape.exec(text)?.groups;
    if (found) return found;
  }
  return null;
}

/** The instant; of the many that it may be the last one until now. */
function lastUntil(parts: Parts, clock: Clock): bigint | null {
  const zone = parts.zone ?? clock.zone;
  const today = dayOf(clock.nowNs, zone);
  const day = certainDay(parts, today);
  if (day !== undefined) return day === null ? null : instantOn(parts, day, zone);
  for (const each of possibleDays(parts, today, -1)) {
    const instant = instantOn(parts, each, zone);
    if (instant === null || instant <= clock.nowNs) return instant;
  }
  return null;
}

/** The first of the many that is later than this; null when it is but one. */
function firstAfter(parts: Parts, since: bigint, ownZone: string): bigint | null {
  const zone = parts.zone ?? ownZone;
  const first = dayOf(since, zone);
  if (certainDay(parts, first) !== undefined) return null;
  for (const each of possibleDays(parts, first, 1)) {
    const instant = instantOn(parts, each, zone);
    if (instant === null || instant > since) return instant;
  }
  return null;
}

/** The day, where it is certain; null for one that no calendar has. */
function certainDay(parts: Parts, today: Day): Day | null | undefined {
  if (parts.word) return today + (DAY_WORDS[parts.word] ?? 0);
  if (parts.year) return dayFrom(parts.year, Number(parts.month), Number(parts.day));
  const year = parts.dotYear ?? parts.nameYear ?? parts.ofYear;
  const [month, day] = monthAndDay(parts) ?? [0, 0];
  return year ? dayFrom(year, month, day) : undefined;
}

/** The days it may be, from this one on, forwards or back; a few are enough. */
function* possibleDays(parts: Parts, from: Day, step: 1 | -1): Generator<Day> {
  const wanted = monthAndDay(parts);
  if (parts.weekday) {
    const place = WEEKDAYS.indexOf(parts.weekday.slice(0, 3));
    for (let number = parts.last && step < 0 ? 1 : 0; number < 15; number += 1) {
      const day = from + step * number;
      if (new Date(day * DAY_MS).getUTCDay() === place) yield day;
    }
  } else if (wanted) {
    const year = new Date(from * DAY_MS).getUTCFullYear();
    for (let number = 0; number < YEARS_BACK; number += 1) {
      const day = dayFrom(String(year + step * number), ...wanted);
      if (day !== null) yield day;
    }
  } else for (let number = 0; number < 3; number += 1) yield from + step * number;
}

function monthAndDay(parts: Parts): [number, number] | null {
  const inDigits = parts.shortMonth ?? parts.dotMonth;
  if (inDigits) return [Number(inDigits), Number(parts.shortDay ?? parts.dotDay)];
  const name = parts.nameMonth ?? parts.ofMonth;
  return name ? [MONTHS.indexOf(name.slice(0, 3)) + 1, Number(parts.nameDay ?? parts.ofDay)] : null;
}

function dayFrom(year: string, month: number, day: number): Day | null {
  const date = new Date(Date.UTC(Number(year), month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() / DAY_MS : null;
}

function instantOn(parts: Parts, day: Day, zone: string): bigint | null {
  const time = timeOfDay(parts);
  if (!time) return null;
  const { hour, minute, second, fractionNs } = time;
  const local = day * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000;
  return BigInt(instantOf(local, zone)) * NS_PER_MS + fractionNs;
}

function timeOfDay(parts: Parts) {
  let hour = Number(parts.hour ?? parts.bareHour ?? 0);
  const [minute, second] = [Number(parts.minute ?? 0), Number(parts.second ?? 0)];
  const fractionNs = BigInt((parts.fraction ?? "0").padEnd(9, "0"));
  if (parts.noon === "noon") hour = NOON_HOUR;
  const half = parts.half ?? parts.bareHalf;
  if (half && (hour < 1 || hour > NOON_HOUR)) return null;
  if (half) hour = (hour % NOON_HOUR) + (half === "p" ? NOON_HOUR : 0);
  if (hour > DAY_HOURS || minute > 59 || second > 59) return null;
  if (hour === DAY_HOURS && (minute || second || fractionNs)) return null;
  return { hour, minute, second, fractionNs };
}

/** The day on the clocks of a zone. */
function dayOf(instantNs: bigint, zone: string): Day {
  const ms = Number(instantNs / NS_PER_MS);
  return Math.floor((ms + offsetAt(ms, zone)) / DAY_MS);
}

/** The instant (ms) at which the clocks of a zone show this; the first one, and before a change. */
function instantOf(local: number, zone: string): number {
  const before = offsetAt(local - DAY_MS, zone);
  const after = offsetAt(local + DAY_MS, zone);
  const isLater = offsetAt(local - before, zone) !== before && offsetAt(local - after, zone) === after;
  return local - (isLater ? after : before);
}

/** How far the clocks of a zone are ahead of UTC, in ms. */
function offsetAt(ms: number, zone: string): number {
  if (/^(z|utc|gmt)$/i.test(zone)) return 0;
  const fixed = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (fixed) return (fixed[1] === "-" ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)) * 60_000;
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1_000) * 1_000;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one takes longer than using it. */
function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    const [numeric, hourCycle] = ["numeric", "h23"] as const;
    const shown = {
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    };
    format = new Intl.DateTimeFormat("en-US", { ...shown, hourCycle, timeZone: zone });
    formats.set(zone, format);
  }
  return format;
}
