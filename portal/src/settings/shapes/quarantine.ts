/**
 * What the server says of events that were set aside, checked.
 *
 * In: parsed JSON. Out: `Quarantined` blocks, and what is in one. Promise: as of `api/shapes.ts`.
 */
import { type Event, readEvent } from "../../api/shapes";
import { list, members, number, text, textOrNull } from "../../api/values";

export interface Quarantined {
  readonly spool: string;
  readonly number: number;
  readonly events: number;
  readonly bytes: number;
  readonly set_aside_at: string;
  readonly reason: string;
  readonly is_lost: boolean;
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

export function readQuarantine(value: unknown): Quarantined[] {
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
