/**
 * What the server says of keys, checked.
 *
 * In: parsed JSON. Out: `Key`, and the newest event of one. Promise: as of `api/shapes.ts`.
 */
import { type Event, readEvent } from "../../api/shapes";
import { list, members, number, text, textOrNull } from "../../api/values";

export const RIGHTS = ["ingest", "read", "admin"] as const;

export type Right = (typeof RIGHTS)[number];

export interface Key {
  readonly id: number;
  readonly name: string;
  readonly hint: string;
  readonly rights: readonly string[];
  readonly created_at: string;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
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
  };
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
