/**
 * The list's contents: events newest first, and marks where events were skipped.
 *
 * In: pages and live steps. Out: new arrays; none is changed in place.
 * Promise: an event that comes twice (a page and the tail overlap) is shown once, in its place.
 */
import type { Event } from "../api/shapes";

/** Stands where `skipped` events were left out. */
export interface Gap {
  readonly skipped: number;
  readonly sort: string;
}

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

/** A live step as entries: newest first, the gap below since the newest were kept. */
export function entriesOfStep(events: readonly Event[], skipped: number): Entry[] {
  const entries: Entry[] = events.toSorted(newestFirst);
  const oldest = entries.at(-1);
  // A text that is a beginning of another sorts directly below it.
  if (skipped && oldest) entries.push({ skipped, sort: oldest.sort.slice(0, -1) });
  return entries;
}

function newestFirst(a: Entry, b: Entry): number {
  return a.sort < b.sort ? 1 : a.sort > b.sort ? -1 : 0;
}

function isAbove(left: readonly Entry[], right: readonly Entry[]): boolean {
  const last = left.at(-1);
  const first = right[0];
  return !last || !first || last.sort > first.sort;
}
