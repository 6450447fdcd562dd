/**
 * Moving and resizing a tile by the pointer.
 *
 * In: a press on a grip, the grid and what scrolls it. Out: how many columns and rows it went.
 * Promise: near an edge it scrolls; Escape says that it is given up; where there is one column,
 * nothing is dragged.
 */
import { COLUMNS } from "./layout";

/** Near an edge, dragging scrolls. */
const EDGE_PX = 48;
const SCROLL_PX = 12;

export interface Watcher {
  readonly onmove: (columns: number, rows: number) => void;
  readonly onend: () => void;
  readonly ongiveup: () => void;
}

/** Gives what stops it, or null where nothing can be dragged. */
export function drag(
  event: PointerEvent,
  grid: HTMLElement,
  scroller: HTMLElement,
  watcher: Watcher,
): (() => void) | null {
  const style = getComputedStyle(grid);
  if (event.button || style.gridTemplateColumns.split(" ").length < COLUMNS) return null;
  // Otherwise text is selected on the way.
  event.preventDefault();
  (event.currentTarget as HTMLElement).focus();
  const gap = parseFloat(style.columnGap);
  const column = (grid.clientWidth - parseFloat(style.paddingLeft) * 2 + gap) / COLUMNS;
  const row = parseFloat(style.gridAutoRows) + gap;
  const [left, top, scrolled] = [event.clientX, event.clientY, scroller.scrollTop];
  const listeners = new AbortController();
  const options = { signal: listeners.signal };
  const follow = ({ clientX, clientY }: PointerEvent) => {
    const { top: upper, bottom: lower } = scroller.getBoundingClientRect();
    if (clientY > lower - EDGE_PX) scroller.scrollTop += SCROLL_PX;
    else if (clientY < upper + EDGE_PX) scroller.scrollTop -= SCROLL_PX;
    const down = clientY - top + scroller.scrollTop - scrolled;
    watcher.onmove(Math.round((clientX - left) / column), Math.round(down / row));
  };
  const end = () => {
    listeners.abort();
    watcher.onend();
  };
  const leave = (press: KeyboardEvent) => {
    if (press.key !== "Escape") return;
    watcher.ongiveup();
    end();
  };
  addEventListener("pointermove", follow, options);
  addEventListener("pointerup", end, options);
  addEventListener("pointercancel", end, options);
  addEventListener("keydown", leave, options);
  return () => listeners.abort();
}
