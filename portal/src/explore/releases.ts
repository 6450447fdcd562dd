/**
 * Where releases appeared on a histogram, and which of their names have room.
 *
 * In: releases, the range that is drawn, its width. Out: marks, the oldest first.
 * Promise: each release in the range has its line; names never lie on each other, the newest
 * come first.
 */
import type { Release } from "../api/answers";

export interface ReleaseMark {
  readonly name: string;
  /** ms since 1970. */
  readonly at: number;
  readonly x: number;
  /** The name's end and not its beginning stands at the line: at the right edge. */
  readonly isLeft: boolean;
  readonly hasRoom: boolean;
}

/** Of a character of the small type, a little more than most have; names are cut at the most. */
const CHARACTER_WIDTH = 6.5;
export const MAX_NAME_WIDTH = 130;
const GAP = 10;
/** At the left the height of the highest bar is written. */
const LEFT_EDGE = 36;

export function releaseMarks(
  releases: readonly Release[],
  since: number,
  until: number,
  width: number,
): ReleaseMark[] {
  let free = width;
  return releases
    .map(({ name, first_seen }) => ({ name, at: Date.parse(first_seen) }))
    .filter(({ at }) => at >= since && at < until)
    .toSorted((a, b) => b.at - a.at)
    .map(({ name, at }) => {
      const x = ((at - since) / (until - since)) * width;
      const room = Math.min(name.length * CHARACTER_WIDTH, MAX_NAME_WIDTH) + GAP;
      const isLeft = x + room > width;
      const begin = isLeft ? x - room : x;
      const hasRoom = begin >= LEFT_EDGE && begin + room <= free;
      if (hasRoom) free = begin;
      return { name, at, x, isLeft, hasRoom };
    })
    .toReversed();
}
