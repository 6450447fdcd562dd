/**
 * Instants as people read them, in their own zone or in UTC.
 *
 * In: the server's ISO text (UTC, up to nine fraction digits). Out: text.
 * Promise: written by hand, since Intl costs some microseconds per row and a list scrolls by the thousand.
 */

export type Zone = "local" | "utc";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** `Nov 23` */
export function renderDay(timestamp: string, zone: Zone): string {
  const { month, day } = partsOf(timestamp, zone);
  return `${MONTHS[month]} ${two(day)}`;
}

/** `09:00:00.123` */
export function renderClock(timestamp: string, zone: Zone): string {
  return `${clockOf(timestamp, zone)}.${fractionOf(timestamp).padEnd(3, "0").slice(0, 3)}`;
}

/** `2026-11-23 09:00`, with seconds and milliseconds where there are some: as people type it. */
export function renderDate(timestamp: string, zone: Zone): string {
  const { year, month, day } = partsOf(timestamp, zone);
  const clock = renderClock(timestamp, zone).replace(/(:00)?\.000$/, "");
  return `${year}-${two(month + 1)}-${two(day)} ${clock}`;
}

/** `2026-11-23 09:00:00.123456789 +01:00`, every digit the server has. */
export function renderInstant(timestamp: string, zone: Zone): string {
  const { year, month, day } = partsOf(timestamp, zone);
  const fraction = fractionOf(timestamp).padEnd(3, "0");
  const clock = `${clockOf(timestamp, zone)}.${fraction}`;
  return `${year}-${two(month + 1)}-${two(day)} ${clock} ${offsetOf(timestamp, zone)}`;
}

/** The ISO instant so many milliseconds away. */
export function shiftInstant(timestamp: string, ms: number): string {
  return new Date(Date.parse(timestamp) + ms).toISOString();
}

function clockOf(timestamp: string, zone: Zone): string {
  const { hour, minute, second } = partsOf(timestamp, zone);
  return `${two(hour)}:${two(minute)}:${two(second)}`;
}

function partsOf(timestamp: string, zone: Zone): Parts {
  const date = new Date(timestamp);
  if (zone === "utc") {
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth(),
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    };
  }
  return {
    year: date.getFullYear(),
    month: date.getMonth(),
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
  };
}

function fractionOf(timestamp: string): string {
  return /\.(\d+)/.exec(timestamp)?.[1] ?? "";
}

function offsetOf(timestamp: string, zone: Zone): string {
  if (zone === "utc") return "UTC";
  const minutes = -new Date(timestamp).getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
