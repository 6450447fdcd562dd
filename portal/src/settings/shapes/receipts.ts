/**
 * What the server says of outcomes and of refused bodies, checked.
 *
 * In: parsed JSON. Out: `Receipts`, `Refused`, `RefusedBody`. Promise: as of `api/shapes.ts`.
 */
import { list, members, number, numberOrNull, text, textOrNull } from "../../api/values";

/** In the order in which they are stacked and listed. */
export const OUTCOMES = ["stored", "repeated", "filtered", "limited", "rejected", "refused", "lost"] as const;

export interface Step {
  readonly start: string;
  readonly counts: ReadonlyMap<string, number>;
}

/** What became of what a key sent in a dialect; key 0 is whoever had no valid one. */
export interface OutcomeRow {
  readonly key: number;
  readonly key_name: string | null;
  readonly protocol: string;
  readonly outcome: string;
  readonly reason: string;
  readonly events: number;
  readonly requests: number;
}

/** `aside` is null outside of the first workspace. */
export interface Receipts {
  readonly since: string;
  readonly until: string;
  readonly step_s: number;
  readonly steps: readonly Step[];
  readonly rows: readonly OutcomeRow[];
  readonly has_stored: boolean;
  readonly aside: { readonly events: number; readonly lost_events: number } | null;
}

export interface Fault {
  readonly line: number;
  readonly reason: string;
  readonly text: string;
}

/**
 * A body of which something was refused; `events` is null when it was all of it.
 *
 * It came so many `times`, first at `at` and last at `last_at`.
 */
export interface Refused {
  readonly id: string;
  readonly times: number;
  readonly at: string;
  readonly last_at: string;
  readonly key: number;
  readonly key_name: string | null;
  readonly protocol: string;
  readonly reason: string;
  readonly events: number | null;
  readonly bytes: number;
  readonly faults: readonly Fault[];
  readonly state: string;
  readonly tried_at: string | null;
  readonly tried: string | null;
}

export interface RefusedBody {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly text: string;
  readonly is_cut: boolean;
  readonly is_binary: boolean;
}

/** What became of one event. */
export interface Receipt {
  readonly outcome: string;
  readonly id: string | null;
  readonly text: string;
}

/** `next` is the `after` of the request that goes on with those that are `left`. */
export interface Retried {
  readonly bodies: number;
  readonly stored_events: number;
  readonly refused_bodies: number;
  readonly text: string;
  readonly next: string | null;
  readonly left: number;
}

export function readReceipts(value: unknown): Receipts {
  const told = members(value, "receipts");
  const aside = told.aside === null ? null : members(told.aside, "aside");
  return {
    since: text(told.since, "since"),
    until: text(told.until, "until"),
    step_s: number(told.step_s, "step"),
    steps: list(told.steps, "steps").map((item) => {
      const step = members(item, "step");
      const counts = Object.entries(members(step.counts, "counts"));
      return {
        start: text(step.start, "step"),
        counts: new Map(counts.map(([name, count]) => [name, number(count, "count")])),
      };
    }),
    rows: list(told.rows, "rows").map((item) => {
      const row = members(item, "row");
      return {
        key: number(row.key, "key"),
        key_name: textOrNull(row.key_name),
        protocol: text(row.protocol, "dialect"),
        outcome: text(row.outcome, "outcome"),
        reason: text(row.reason, "reason"),
        events: number(row.events, "events"),
        requests: number(row.requests, "requests"),
      };
    }),
    has_stored: told.has_stored === true,
    aside: aside && {
      events: number(aside.events, "aside"),
      lost_events: number(aside.lost_events, "aside"),
    },
  };
}

export function readRefusedList(value: unknown): Refused[] {
  return list(members(value, "refused bodies").refused, "refused bodies").map(readRefused);
}

function readRefused(value: unknown): Refused {
  const body = members(value, "refused body");
  return {
    id: text(body.id, "refused body"),
    times: number(body.times, "refused body"),
    at: text(body.at, "refused body"),
    last_at: text(body.last_at, "refused body"),
    key: number(body.key, "key"),
    key_name: textOrNull(body.key_name),
    protocol: text(body.protocol, "dialect"),
    reason: text(body.reason, "reason"),
    events: numberOrNull(body.events),
    bytes: number(body.bytes, "refused body"),
    faults: list(body.faults, "faults").map((item) => {
      const fault = members(item, "fault");
      return {
        line: number(fault.line, "line"),
        reason: text(fault.reason, "reason"),
        text: text(fault.text, "fault"),
      };
    }),
    state: text(body.state, "state"),
    tried_at: textOrNull(body.tried_at),
    tried: textOrNull(body.tried),
  };
}

export function readRefusedBody(value: unknown): RefusedBody {
  const body = members(value, "refused body");
  return {
    method: text(body.method, "method"),
    path: text(body.path, "path"),
    query: text(body.query, "query"),
    headers: Object.entries(members(body.headers, "headers")).map(([name, said]) => [
      name,
      text(said, "header"),
    ]),
    text: text(body.text, "body"),
    is_cut: body.is_cut === true,
    is_binary: body.is_binary === true,
  };
}

export function readReceipt(value: unknown): Receipt {
  const told = members(value, "receipt");
  return {
    outcome: text(told.outcome, "outcome"),
    id: textOrNull(told.id),
    text: text(told.text, "receipt"),
  };
}

export function readRetried(value: unknown): Retried {
  const told = members(value, "retry");
  return {
    bodies: number(told.bodies, "retry"),
    stored_events: number(told.stored_events, "retry"),
    refused_bodies: number(told.refused_bodies, "retry"),
    text: text(told.text, "retry"),
    next: textOrNull(told.next),
    left: number(told.left, "retry"),
  };
}
