/**
 * The settings of a key as fields of a form, and in a few words.
 *
 * In: settings, or what was typed. Out: the other of the two.
 * Promise: what is typed is refused only for its form; what it may be is the server's to say.
 */
import { renderCount } from "../ui/amounts";
import type { KeySettings, Value } from "./shapes/keys";

export interface Draft {
  application: string;
  environment: string;
  category: string;
  minimumSeverity: string;
  filter: string;
  /** One `name=value` on each line. */
  properties: string;
  rate: string;
  burst: string;
  dailyBytes: string;
  /** One on each line. */
  origins: string;
}

/** The largest first, so that a size is written with as few digits as it has. */
const UNITS: readonly (readonly [string, number])[] = [
  ["TiB", 1024 ** 4],
  ["TB", 1000 ** 4],
  ["GiB", 1024 ** 3],
  ["GB", 1000 ** 3],
  ["MiB", 1024 ** 2],
  ["MB", 1000 ** 2],
  ["KiB", 1024],
  ["KB", 1000],
];

export function draftOf(settings: KeySettings): Draft {
  const { properties, events_per_second: rate, burst_events: burst, daily_bytes: bytes } = settings;
  return {
    application: settings.application ?? "",
    environment: settings.environment ?? "",
    category: settings.category ?? "",
    minimumSeverity: settings.minimum_severity ?? "",
    filter: settings.filter ?? "",
    properties: Object.entries(properties)
      .map(([name, value]) => `${name}=${renderValue(value)}`)
      .join("\n"),
    rate: rate === null ? "" : String(rate),
    burst: burst === null ? "" : String(burst),
    dailyBytes: bytes === null ? "" : renderSize(bytes),
    origins: settings.origins.join("\n"),
  };
}

/** Throws an `Error` for what has not the form of its field. */
export function settingsOf(draft: Draft): KeySettings {
  return {
    application: draft.application.trim() || null,
    environment: draft.environment.trim() || null,
    category: draft.category.trim() || null,
    minimum_severity: draft.minimumSeverity || null,
    filter: draft.filter.trim() || null,
    properties: Object.fromEntries(linesOf(draft.properties).map(parseProperty)),
    events_per_second: parseNumber(draft.rate, "Events per second"),
    burst_events: parseNumber(draft.burst, "At once"),
    daily_bytes: parseSize(draft.dailyBytes),
    origins: linesOf(draft.origins),
  };
}

/** What is set, in a few words: `shop · warn and above · 100/s`. */
export function summaryOf(settings: KeySettings): string[] {
  const names = [settings.application, settings.environment, settings.category].filter(Boolean);
  const count = Object.keys(settings.properties).length;
  return [
    ...(names.length ? [names.join(", ")] : []),
    ...(count ? [`${count} ${count === 1 ? "property" : "properties"}`] : []),
    ...(settings.minimum_severity ? [`${settings.minimum_severity} and above`] : []),
    ...(settings.filter ? ["filter"] : []),
    ...(settings.events_per_second === null ? [] : [`${renderRate(settings.events_per_second)}/s`]),
    ...(settings.origins.length ? ["origins"] : []),
  ];
}

function renderRate(rate: number): string {
  return rate < 10 ? String(rate) : renderCount(rate);
}

/** As it can be typed again: no digit is lost. */
export function renderSize(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes % size === 0);
  return unit && bytes ? `${bytes / unit[1]} ${unit[0]}` : String(bytes);
}

export function parseSize(text: string): number | null {
  const typed = text.trim();
  if (!typed) return null;
  const found = /^(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?$/i.exec(typed);
  if (!found) throw new Error(`“${typed}” is no size: write 500 MB or 5 GiB.`);
  const name = `${found[2] ?? ""}b`.toLowerCase();
  const size = UNITS.find(([unit]) => unit.toLowerCase() === name)?.[1] ?? 1;
  return Math.round(Number(found[1]) * size);
}

function parseNumber(text: string, what: string): number | null {
  const typed = text.trim();
  if (!typed) return null;
  const value = Number(typed);
  if (!Number.isFinite(value)) throw new Error(`${what}: “${typed}” is no number.`);
  return value;
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

function parseProperty(line: string): [string, Value] {
  const at = line.indexOf("=");
  if (at < 1) throw new Error(`Properties are lines of name=value, not “${line}”.`);
  return [line.slice(0, at).trim(), parseValue(line.slice(at + 1).trim())];
}

/** Numbers, true and false are what they look like; in quotes they are text. */
function parseValue(text: string): Value {
  if (text === "true" || text === "false") return text === "true";
  if (/^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === text) return Number(text);
  return /^".*"$/.test(text) ? text.slice(1, -1) : text;
}

function renderValue(value: Value): string {
  if (typeof value !== "string") return String(value);
  return parseValue(value) === value ? value : `"${value}"`;
}
