/**
 * What one wants to know of a server at a glance, in words and numbers.
 *
 * In: how the server is. Out: facts, each good or bad. Promise: what is not known is a dash.
 */
import { renderAgo, renderBytes, renderCount, renderSpan } from "../ui/amounts";
import type { Machine, System } from "./shapes/system";

/** A spool that is this old is not just busy. */
const MAX_CALM_AGE_S = 10;

export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly isBad: boolean;
}

export function factsOf(now: System): readonly Fact[] {
  const { machine } = now;
  if (!machine) return [];
  return [events(now, machine), lag(machine), waiting(machine), size(machine), disk(machine)];
}

function events(now: System, { store }: Machine): Fact {
  const kept = `kept ${now.retention_days} days`;
  return {
    name: "Events",
    value: store ? renderCount(store.rows) : "–",
    note: store?.oldest ? `oldest ${renderAgo(store.oldest, Date.parse(now.now))}; ${kept}` : kept,
    isBad: !store,
  };
}

function lag({ store }: Machine): Fact {
  const { median_ms, p99_ms } = store?.lag ?? { median_ms: null, p99_ms: null };
  return {
    name: "Found after",
    value: median_ms === null ? "–" : renderSpan(median_ms),
    note: p99_ms === null ? "no events in 5 minutes" : `99 % within ${renderSpan(p99_ms)}, last 5 minutes`,
    isBad: false,
  };
}

function waiting({ spools }: Machine): Fact {
  const count = spools?.reduce((sum, spool) => sum + spool.events, 0) ?? 0;
  const ageS = Math.max(0, ...(spools ?? []).map((spool) => spool.age_s));
  return {
    name: "Waiting in spools",
    value: spools ? renderCount(count) : "–",
    note: count ? `the oldest for ${renderSpan(ageS * 1000)}` : "everything is stored",
    isBad: !spools || ageS > MAX_CALM_AGE_S || spools.some((spool) => spool.fault !== null),
  };
}

function size({ store }: Machine): Fact {
  return {
    name: "Store on disk",
    value: store ? renderBytes(store.bytes) : "–",
    note: store?.rows
      ? `${(store.bytes / store.rows).toFixed(0)} bytes an event, ${renderCount(store.parts)} parts`
      : "nothing yet",
    isBad: !store,
  };
}

/** Of the store's disk where that has one of its own. */
function disk({ store, disk: own, min_free_disk_bytes }: Machine): Fact {
  const { free_bytes, total_bytes } = store?.disk.total_bytes ? store.disk : own;
  return {
    name: "Disk free",
    value: renderBytes(free_bytes),
    note: `of ${renderBytes(total_bytes)}; refuses below ${renderBytes(min_free_disk_bytes)}`,
    isBad: free_bytes < 2 * min_free_disk_bytes,
  };
}
