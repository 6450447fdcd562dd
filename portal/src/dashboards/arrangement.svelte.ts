/**
 * Moving and resizing tiles, by keys and by dragging.
 *
 * In: key presses and drags on a tile's grip. Out: changes of the draft; words for who does not see.
 * Promise: one drag is one step back; Escape gives it up.
 */
import { drag } from "./drag";
import type { Draft, Keyed } from "./draft.svelte";
import { moveBy, moveTo, resizeBy, resizeTo } from "./layout";
import { nameOf } from "./shapes";

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The grid of the tiles, and what scrolls it. */
export interface Ground {
  readonly grid: HTMLElement;
  readonly scroller: HTMLElement;
}

export class Arrangement {
  /** The key of the tile that is dragged. */
  held = $state<number | null>(null);
  said = $state("");

  readonly #draft: Draft;
  #stopDrag = () => {};
  #drags = 0;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  stop(): void {
    this.#stopDrag();
  }

  /** Arrow keys move, with Shift they resize. */
  step(event: KeyboardEvent, index: number): void {
    const arrow = ARROWS[event.key];
    if (!arrow || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const lay = event.shiftKey ? resizeBy : moveBy;
    this.#draft.change({ tiles: lay(this.#draft.tiles, index, ...arrow) });
    this.#say(index);
  }

  move(event: PointerEvent, index: number, ground: Ground): void {
    this.#carry(event, index, ground, moveTo, ({ x, y }) => [x, y]);
  }

  resize(event: PointerEvent, index: number, ground: Ground): void {
    this.#carry(event, index, ground, resizeTo, ({ w, h }) => [w, h]);
  }

  /** `lay` puts the tile where the pointer is, `from` tells where it began. */
  #carry(
    event: PointerEvent,
    index: number,
    { grid, scroller }: Ground,
    lay: typeof moveTo<Keyed>,
    from: (tile: Keyed) => [number, number],
  ): void {
    const { tiles } = this.#draft;
    const tile = tiles[index];
    if (!tile) return;
    const goBack = this.#draft.mark();
    const [a, b] = from(tile);
    let lately = "0 0";
    this.#drags += 1;
    const stop = drag(event, grid, scroller, {
      onmove: (columns, rows) => {
        if (`${columns} ${rows}` === lately) return;
        lately = `${columns} ${rows}`;
        this.#draft.change({ tiles: lay(tiles, index, a + columns, b + rows) }, `drag ${this.#drags}`);
      },
      onend: () => {
        this.held = null;
        this.#say(index);
      },
      ongiveup: goBack,
    });
    if (!stop) return;
    this.#stopDrag = stop;
    this.held = tile.key;
  }

  #say(index: number): void {
    const tile = this.#draft.tiles[index];
    if (!tile) return;
    this.said = `${nameOf(tile)}: column ${tile.x + 1}, row ${tile.y + 1}, ${tile.w} of 12 columns wide, ${tile.h} rows high`;
  }
}
