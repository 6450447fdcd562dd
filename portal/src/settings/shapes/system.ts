/**
 * How the server is, checked.
 *
 * In: parsed JSON. Out: `System`. Promise: as of `api/shapes.ts`.
 */
import { list, members, number, numberOrNull, text, textOrNull } from "../../api/values";
import { type Day, readDays } from "./retention";

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
