/**
 * Tiles in a grid of twelve columns: moved, resized, never on top of each other.
 *
 * In: places, and a wish. Out: all places anew, in the order they were given.
 * Promise: no two overlap, all are inside the columns, and each is as high up as it can be.
 */

export interface Place {
  /** The left column and the upper row, from 0; the width and height in columns and rows. */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export const COLUMNS = 12;
/** A row and the gap below it, on the screen. */
export const ROW_PX = 48;
export const MAX_TILE_ROWS = 50;

/** Lets every tile fall upwards; the one that was `moved` takes its place before the others. */
export function settle<T extends Place>(tiles: readonly T[], moved = -1): T[] {
  const inside = tiles.map(clamped);
  const order = [...inside.entries()].toSorted(
    ([i, a], [j, b]) => a.y - b.y || Number(j === moved) - Number(i === moved) || a.x - b.x,
  );
  const settled: Place[] = [];
  const result = [...inside];
  for (const [index, tile] of order) {
    const isFree = (y: number) => !settled.some((other) => overlap({ ...tile, y }, other));
    let y = tile.y;
    while (!isFree(y)) y += 1;
    while (y > 0 && isFree(y - 1)) y -= 1;
    const placed = { ...tile, y };
    settled.push(placed);
    result[index] = placed;
  }
  return result;
}

/** The tile's left upper corner at a column and a row. */
export function moveTo<T extends Place>(tiles: readonly T[], index: number, x: number, y: number): T[] {
  return changed(tiles, index, (tile) => ({ ...tile, x: Math.min(x, COLUMNS - tile.w), y }));
}

export function resizeTo<T extends Place>(tiles: readonly T[], index: number, w: number, h: number): T[] {
  return changed(tiles, index, (tile) => ({ ...tile, w: Math.min(w, COLUMNS - tile.x), h }));
}

/** A step by a key: as far as it takes until something moves, since tiles in the way are passed. */
export function moveBy<T extends Place>(tiles: readonly T[], index: number, dx: number, dy: number): T[] {
  const tile = tiles[index];
  if (!tile) return [...tiles];
  const rows = bottomOf(tiles) + 1;
  for (let step = 1; step <= (dy ? rows : 1); step += 1) {
    const next = moveTo(tiles, index, tile.x + dx * step, tile.y + dy * step);
    if (next[index]?.x !== tile.x || next[index]?.y !== tile.y) return next;
  }
  return [...tiles];
}

export function resizeBy<T extends Place>(tiles: readonly T[], index: number, dw: number, dh: number): T[] {
  const tile = tiles[index];
  return tile ? resizeTo(tiles, index, tile.w + dw, tile.h + dh) : [...tiles];
}

/** Below all others, at the left. */
export function append<T extends Place>(tiles: readonly T[], tile: T): T[] {
  return settle([...tiles, { ...tile, x: 0, y: bottomOf(tiles) }]);
}

/** As they are read: line by line. */
export function inReadingOrder<T extends Place>(tiles: readonly T[]): T[] {
  return tiles.toSorted((a, b) => a.y - b.y || a.x - b.x);
}

function changed<T extends Place>(tiles: readonly T[], index: number, change: (tile: T) => T): T[] {
  return settle(
    tiles.map((tile, at) => (at === index ? clamped(change(tile)) : tile)),
    index,
  );
}

function clamped<T extends Place>(tile: T): T {
  const w = Math.min(Math.max(tile.w, 1), COLUMNS);
  const h = Math.min(Math.max(tile.h, 1), MAX_TILE_ROWS);
  return { ...tile, w, h, x: Math.min(Math.max(tile.x, 0), COLUMNS - w), y: Math.max(tile.y, 0) };
}

function bottomOf(tiles: readonly Place[]): number {
  return Math.max(...tiles.map(({ y, h }) => y + h), 0);
}

function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
