/**
 * What the server says of keys, people and itself, checked.
 *
 * In: parsed JSON. Out: `Key`, `User`, `System`, `Aside` and their kin.
 * Promise: as `api/shapes.ts`: a value of the wrong shape is a `ShapeError`.
 */
import { type Event, ShapeError, readEvent } from "../api/shapes";

export const RIGHTS = ["ingest", "read", "admin"] as const;
export type Right = (typeof RIGHTS)[number];

export const ROLES = ["viewer", "member", "admin"] as const;
export type Role = (typeof ROLES)[number];

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
}

/** The newest event of a key; `now` is the server's time, to ask on from. */
export interface Newest {
  readonly event: Event | null;
  readonly now: string;
}

export interface User {
  readonly id: number;
  readonly email: string;
  readonly role: Role;
  readonly created_at: string;
  readonly logged_in_at: string | null;
  readonly disabled_at: string | null;
  readonly is_me: boolean;
}

export interface NewUser {
  readonly user: User;
  readonly password: string | null;
}

export interface Spool {
  readonly name: string;
  readonly events: number;
  readonly bytes: number;
  readonly age_s: number;
  readonly aside_events: number;
  readonly lost_events: number;
  readonly fault: string | null;
}

/** What is wrong just now, and what to do; with `is_blocking` the server is not ready. */
export interface Fault {
  readonly part: string;
  readonly message: string;
  readonly advice: string;
  readonly detail: string;
  readonly is_blocking: boolean;
  readonly since: string;
}

/** A part of the store that is not searched any more, or fails who reads it. */
export interface DamagedPart {
  readonly name: string;
  readonly day: string;
  readonly is_detached: boolean;
  readonly reason: string;
  readonly rows: number | null;
  readonly bytes: number;
  readonly path: string;
}

export interface Disk {
  readonly free_bytes: number;
  readonly total_bytes: number;
}

export interface Day {
  readonly day: string;
  readonly rows: number;
  readonly bytes: number;
  readonly parts: number;
}

export interface Piece {
  readonly name: string;
  readonly kind: string;
  readonly bytes: number;
}

export interface Lag {
  readonly events: number;
  readonly median_ms: number | null;
  readonly p99_ms: number | null;
}

export interface Store {
  readonly rows: number;
  readonly parts: number;
  readonly bytes: number;
  readonly oldest: string | null;
  readonly disk: Disk;
  readonly days: readonly Day[];
  readonly pieces: readonly Piece[];
  readonly lag: Lag;
  readonly damaged_parts: readonly DamagedPart[];
}

export interface Machine {
  readonly faults: readonly Fault[];
  readonly workers: number;
  readonly spools: readonly Spool[] | null;
  readonly max_spool_bytes: number;
  readonly min_free_disk_bytes: number;
  readonly disk: Disk;
  readonly store: Store | null;
}

export interface Load {
  readonly application: string;
  readonly rows: number;
  readonly bytes: number;
}

export interface Loads {
  readonly applications: readonly Load[];
  readonly rows: number;
  readonly bytes: number;
}

export interface System {
  readonly version: string;
  readonly started_at: string;
  readonly now: string;
  readonly retention_days: number;
  readonly machine: Machine | null;
  readonly loads: Loads | null;
}

export interface Aside {
  readonly spool: string;
  readonly number: number;
  readonly events: number;
  readonly bytes: number;
  readonly set_aside_at: string;
  readonly reason: string;
  readonly is_lost: boolean;
}

/** How long events are kept; `kept_days` and `held` are null while the store is away. */
export interface Retention {
  readonly days: number;
  readonly chosen_days: number | null;
  readonly default_days: number;
  readonly max_days: number;
  readonly changed_at: string | null;
  readonly changed_by: string | null;
  readonly kept_days: number | null;
  readonly held: readonly Day[] | null;
}

/** What a shorter time deletes; `last` is the newest day of it. */
export interface Loss {
  readonly days: number;
  readonly events: number;
  readonly bytes: number;
  readonly last: string | null;
}

/** An event of a set-aside block as it was accepted; `is_cut`: the file has more of it. */
export interface Spooled {
  readonly event: Event;
  readonly key: number;
  readonly key_name: string | null;
  readonly is_cut: boolean;
}

/** The first events of a block of `count`, or why none can be shown. */
export interface Preview {
  readonly count: number;
  readonly events: readonly Spooled[];
  readonly fault: string | null;
}

export interface Pattern {
  readonly pattern: string;
  readonly count: number;
  readonly share: number;
  readonly q: string | null;
}

export interface Patterns {
  readonly patterns: readonly Pattern[];
  readonly looked_at: number;
}

type Members = Record<string, unknown>;

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
  return { key: readKey(made.key), text: text(made.text, "key's text") };
}

export function readNewest(value: unknown): Newest {
  const newest = members(value, "newest event");
  return {
    event: newest.event === null ? null : readEvent(newest.event),
    now: text(newest.now, "time"),
  };
}

export function readUsers(value: unknown): User[] {
  return list(members(value, "users").users, "users").map(readUser);
}

export function readUser(value: unknown): User {
  const user = members(value, "user");
  const role = ROLES.find((known) => known === user.role);
  if (!role) throw new ShapeError("The server's role is none we know.");
  return {
    id: number(user.id, "user"),
    email: text(user.email, "user"),
    role,
    created_at: text(user.created_at, "user"),
    logged_in_at: textOrNull(user.logged_in_at),
    disabled_at: textOrNull(user.disabled_at),
    is_me: user.is_me === true,
  };
}

export function readNewUser(value: unknown): NewUser {
  const made = members(value, "new user");
  return { user: readUser(made.user), password: textOrNull(made.password) };
}

export function readPassword(value: unknown): string | null {
  return textOrNull(members(value, "password").password);
}

export function readSystem(value: unknown): System {
  const system = members(value, "system");
  return {
    version: text(system.version, "version"),
    started_at: text(system.started_at, "start"),
    now: text(system.now, "time"),
    retention_days: number(system.retention_days, "retention"),
    machine: system.machine === null ? null : readMachine(system.machine),
    loads: system.loads === null ? null : readLoads(system.loads),
  };
}

export function readAsides(value: unknown): Aside[] {
  return list(members(value, "set-aside events").blocks, "blocks").map((item) => {
    const block = members(item, "block");
    return {
      spool: text(block.spool, "spool"),
      number: number(block.number, "block"),
      events: number(block.events, "block"),
      bytes: number(block.bytes, "block"),
      set_aside_at: text(block.set_aside_at, "block"),
      reason: text(block.reason, "reason"),
      is_lost: block.is_lost === true,
    };
  });
}

export function readPreview(value: unknown): Preview {
  const preview = members(value, "set-aside block");
  return {
    count: number(preview.count, "block"),
    events: list(preview.events, "events").map((item) => {
      const spooled = members(item, "event");
      return {
        event: readEvent(spooled.event),
        key: number(spooled.key, "key"),
        key_name: textOrNull(spooled.key_name),
        is_cut: spooled.is_cut === true,
      };
    }),
    fault: textOrNull(preview.fault),
  };
}

export function readRetention(value: unknown): Retention {
  const retention = members(value, "retention");
  return {
    days: number(retention.days, "retention"),
    chosen_days: numberOrNull(retention.chosen_days),
    default_days: number(retention.default_days, "retention"),
    max_days: number(retention.max_days, "retention"),
    changed_at: textOrNull(retention.changed_at),
    changed_by: textOrNull(retention.changed_by),
    kept_days: numberOrNull(retention.kept_days),
    held: retention.held === null ? null : readDays(retention.held),
  };
}

export function readLoss(value: unknown): Loss {
  const loss = members(value, "loss");
  return {
    days: number(loss.days, "loss"),
    events: number(loss.events, "loss"),
    bytes: number(loss.bytes, "loss"),
    last: textOrNull(loss.last),
  };
}

export function readPatterns(value: unknown): Patterns {
  const found = members(value, "patterns");
  return {
    looked_at: number(found.looked_at, "patterns"),
    patterns: list(found.patterns, "patterns").map((item) => {
      const pattern = members(item, "pattern");
      return {
        pattern: text(pattern.pattern, "pattern"),
        count: number(pattern.count, "pattern"),
        share: number(pattern.share, "pattern"),
        q: textOrNull(pattern.q),
      };
    }),
  };
}

function readMachine(value: unknown): Machine {
  const machine = members(value, "machine");
  return {
    faults: list(machine.faults, "faults").map(readFault),
    workers: number(machine.workers, "workers"),
    spools: machine.spools === null ? null : list(machine.spools, "spools").map(readSpool),
    max_spool_bytes: number(machine.max_spool_bytes, "limit"),
    min_free_disk_bytes: number(machine.min_free_disk_bytes, "limit"),
    disk: readDisk(machine.disk),
    store: machine.store === null ? null : readStore(machine.store),
  };
}

function readSpool(value: unknown): Spool {
  const spool = members(value, "spool");
  return {
    name: text(spool.name, "spool"),
    events: number(spool.events, "spool"),
    bytes: number(spool.bytes, "spool"),
    age_s: number(spool.age_s, "spool"),
    aside_events: number(spool.aside_events, "spool"),
    lost_events: number(spool.lost_events, "spool"),
    fault: textOrNull(spool.fault),
  };
}

function readFault(value: unknown): Fault {
  const fault = members(value, "fault");
  return {
    part: text(fault.part, "fault"),
    message: text(fault.message, "fault"),
    advice: text(fault.advice, "fault"),
    detail: text(fault.detail, "fault"),
    is_blocking: fault.is_blocking === true,
    since: text(fault.since, "fault"),
  };
}

function readDamagedPart(value: unknown): DamagedPart {
  const part = members(value, "part");
  return {
    name: text(part.name, "part"),
    day: text(part.day, "part"),
    is_detached: part.is_detached === true,
    reason: text(part.reason, "part"),
    rows: part.rows === null ? null : number(part.rows, "part"),
    bytes: number(part.bytes, "part"),
    path: text(part.path, "part"),
  };
}

function readDisk(value: unknown): Disk {
  const disk = members(value, "disk");
  return {
    free_bytes: number(disk.free_bytes, "disk"),
    total_bytes: number(disk.total_bytes, "disk"),
  };
}

function readStore(value: unknown): Store {
  const store = members(value, "store");
  const lag = members(store.lag, "lag");
  return {
    rows: number(store.rows, "store"),
    parts: number(store.parts, "store"),
    bytes: number(store.bytes, "store"),
    oldest: textOrNull(store.oldest),
    disk: readDisk(store.disk),
    days: readDays(store.days),
    damaged_parts: list(store.damaged_parts, "parts").map(readDamagedPart),
    pieces: list(store.pieces, "pieces").map((item) => {
      const piece = members(item, "piece");
      return {
        name: text(piece.name, "piece"),
        kind: text(piece.kind, "piece"),
        bytes: number(piece.bytes, "piece"),
      };
    }),
    lag: {
      events: number(lag.events, "lag"),
      median_ms: numberOrNull(lag.median_ms),
      p99_ms: numberOrNull(lag.p99_ms),
    },
  };
}

function readDays(value: unknown): Day[] {
  return list(value, "days").map((item) => {
    const day = members(item, "day");
    return {
      day: text(day.day, "day"),
      rows: number(day.rows, "day"),
      bytes: number(day.bytes, "day"),
      parts: number(day.parts, "day"),
    };
  });
}

function readLoads(value: unknown): Loads {
  const loads = members(value, "loads");
  return {
    rows: number(loads.rows, "loads"),
    bytes: number(loads.bytes, "loads"),
    applications: list(loads.applications, "applications").map((item) => {
      const load = members(item, "application");
      return {
        application: text(load.application, "application"),
        rows: number(load.rows, "application"),
        bytes: number(load.bytes, "application"),
      };
    }),
  };
}

function members(value: unknown, what: string): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ShapeError(`The server's ${what} is not an object.`);
  }
  return value as Members;
}

function list(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new ShapeError(`The server's ${what} is not a list.`);
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw new ShapeError(`The server's ${what} is not text.`);
  return value;
}

function number(value: unknown, what: string): number {
  // Sums beyond 2^53 come as text with all their digits; nobody reads the last of them.
  const read = typeof value === "number" ? value : Number(String(value));
  if (!Number.isFinite(read)) throw new ShapeError(`The server's ${what} is not a number.`);
  return read;
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
