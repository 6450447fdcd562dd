/**
 * The list's contents: events newest first, and marks where events were skipped.
 *
 * In: pages and live steps. Out: new arrays; none is changed in place.
 * Promise: an event that comes twice (a page and the tail overlap) is shown once, in its place.
 */
import { type Event, sortOf } from "../api/shapes";
import { shiftInstant } from "../ui/time";

/** Stands where `skipped` events were left out. */
export interface Gap {
  readonly skipped: number;
  readonly sort: string;
  /** Left out while somebody held the list, not because they came too fast. */
  readonly wasHeld: boolean;
  /** When they were received, from and to; null: who knows. */
  readonly since: string | null;
  readonly until: string;
  /** Where loading them goes on. */
  readonly before: string | null;
}

/** An event is stored at most so much later than one that was received after it. */
const OVERLAP_MS = 10_000;
/** The newest of those in the list are looked at to know when they were received. */
const LOOKED_AT = 1_000;

export type Entry = Event | Gap;

export function isEvent(entry: Entry | undefined): entry is Event {
  return entry !== undefined && "id" in entry;
}

/** Both newest first; the same place in the order means the same event. */
export function mergeEntries(left: readonly Entry[], right: readonly Entry[]): Entry[] {
  if (isAbove(left, right)) return left.concat(right);
  if (isAbove(right, left)) return right.concat(left);
  const merged: Entry[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    const a = left[l]!;
    const b = right[r]!;
    if (a.sort >= b.sort) merged.push(a);
    else merged.push(b);
    if (a.sort >= b.sort) l += 1;
    if (a.sort <= b.sort) r += 1;
  }
  return merged.concat(left.slice(l), right.slice(r));
}

/** Names an entry in the list; no event has the name of a gap. */
export function keyOf(entry: Entry): string {
  return isEvent(entry) ? entry.id : `gap-${entry.sort}`;
}

/** A live step as entries: newest first, the gap below since the newest were kept; `known` came before. */
export function entriesOfStep(
  events: readonly Event[],
  skipped: number,
  wasHeld = false,
  known: readonly Entry[] = [],
): Entry[] {
  const entries: Entry[] = events.toSorted(newestFirst);
  const oldest = entries.at(-1);
  const until = lastReceived(events);
  if (!skipped || !oldest || !until) return entries;
  const last = lastReceived(known.slice(0, LOOKED_AT).filter(isEvent));
  const since = last && shiftInstant(last, -OVERLAP_MS);
  // A text that is a beginning of another sorts directly below it.
  entries.push({ skipped, sort: oldest.sort.slice(0, -1), wasHeld, since, until, before: null });
  return entries;
}

/** What finds the events of a gap, in the search language. */
export function searchOf({ since, until }: Gap): string {
  return `${since ? `received_at>=${since} ` : ""}received_at<=${until}`;
}

function lastReceived(events: readonly Event[]): string | null {
  let last: string | null = null;
  for (const { received_at: at } of events) if (last === null || sortOf(at, "") > sortOf(last, "")) last = at;
  return last;
}

function newestFirst(a: Entry, b: Entry): number {
  return a.sort < b.sort ? 1 : a.sort > b.sort ? -1 : 0;
}

function isAbove(left: readonly Entry[], right: readonly Entry[]): boolean {
  const last = left.at(-1);
  const first = right[0];
  return !last || !first || last.sort > first.sort;
}
