/**
 * What the server says of how long events are kept, checked.
 *
 * In: parsed JSON. Out: `Retention`, `Loss`. Promise: as of `api/shapes.ts`.
 */
import { list, members, number, numberOrNull, text, textOrNull } from "../../api/values";

export interface Day {
  readonly day: string;
  readonly rows: number;
  readonly bytes: number;
  readonly parts: number;
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

export function readDays(value: unknown): Day[] {
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
