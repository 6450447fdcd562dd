/**
 * Which rows of a long list are worth drawing.
 *
 * In: scroll position, heights, count. Out: first and last (exclusive) row.
 * Promise: everything visible is inside, with some rows around so that scrolling shows no blanks.
 */

export interface Window {
  readonly first: number;
  readonly last: number;
}

/** Rows drawn beyond each edge. */
const SPARE_ROWS = 12;

export function windowAt(scrollTop: number, height: number, row: number, count: number): Window {
  const first = Math.max(0, Math.floor(scrollTop / row) - SPARE_ROWS);
  const last = Math.min(count, Math.ceil((scrollTop + height) / row) + SPARE_ROWS);
  return { first: Math.min(first, last), last };
}

/** Where to scroll so that row `index` is whole, moving as little as possible. */
export function scrollTopFor(index: number, scrollTop: number, height: number, row: number): number {
  const top = index * row;
  if (top < scrollTop) return top;
  return top + row > scrollTop + height ? top + row - height : scrollTop;
}
