/**
 * What the server says of keys, checked.
 *
 * In: parsed JSON. Out: `Key`, and the newest event of one. Promise: as of `api/shapes.ts`.
 */
import { type Event, readEvent } from "../../api/shapes";
import { list, members, number, numberOrNull, text, textOrNull } from "../../api/values";

export const RIGHTS = ["ingest", "read", "admin"] as const;

export type Right = (typeof RIGHTS)[number];

export const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

export type Value = string | number | boolean;

/** What a key does with its events; null, or empty, is nothing. */
export interface KeySettings {
  readonly application: string | null;
  readonly environment: string | null;
  readonly category: string | null;
  readonly minimum_severity: string | null;
  readonly filter: string | null;
  readonly properties: Readonly<Record<string, Value>>;
  readonly events_per_second: number | null;
  readonly burst_events: number | null;
  readonly daily_bytes: number | null;
  readonly origins: readonly string[];
}

export interface Key {
  readonly id: number;
  readonly name: string;
  readonly hint: string;
  readonly rights: readonly string[];
  readonly created_at: string;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
  readonly settings: KeySettings;
  /** Since 00:00 UTC, of a key with `daily_bytes`. */
  readonly used_today_bytes: number | null;
}

export interface NewKey {
  readonly key: Key;
  readonly text: string;
  /** The key as Sentry's clients want it, with the server's address. */
  readonly dsn: string;
}

/** The newest event of a key; `now` is the server's time, to ask on from. */
export interface Newest {
  readonly event: Event | null;
  readonly now: string;
}

export function readKeys(value: unknown): Key[] {
  return list(members(value, "keys").keys, "keys").map(readKey);
}

export function readKey(value: unknown): Key {
  const key = members(value, "key");
  return {
    id: number(key.id, "key"),
    name: text(key.name, "key"),
    hint: text(key.hint, "key"),
    rights: list(key.rights, "rights").map((right) => text(right, "right")),
    created_at: text(key.created_at, "key"),
    revoked_at: textOrNull(key.revoked_at),
    last_used_at: textOrNull(key.last_used_at),
    settings: readSettings(key.settings),
    used_today_bytes: numberOrNull(key.used_today_bytes),
  };
}

function readSettings(value: unknown): KeySettings {
  const settings = members(value, "key's settings");
  const properties = Object.entries(members(settings.properties, "key's properties"));
  return {
    application: textOrNull(settings.application),
    environment: textOrNull(settings.environment),
    category: textOrNull(settings.category),
    minimum_severity: textOrNull(settings.minimum_severity),
    filter: textOrNull(settings.filter),
    properties: Object.fromEntries(properties.map(([name, given]) => [name, readValue(given)])),
    events_per_second: numberOrNull(settings.events_per_second),
    burst_events: numberOrNull(settings.burst_events),
    daily_bytes: numberOrNull(settings.daily_bytes),
    origins: list(settings.origins, "origins").map((origin) => text(origin, "origin")),
  };
}

function readValue(value: unknown): Value {
  return typeof value === "number" || typeof value === "boolean" ? value : text(value, "property");
}

export function readNewKey(value: unknown): NewKey {
  const made = members(value, "new key");
  return { key: readKey(made.key), text: text(made.text, "key's text"), dsn: text(made.dsn, "key's DSN") };
}

export function readNewest(value: unknown): Newest {
  const newest = members(value, "newest event");
  return {
    event: newest.event === null ? null : readEvent(newest.event),
    now: text(newest.now, "time"),
  };
}
