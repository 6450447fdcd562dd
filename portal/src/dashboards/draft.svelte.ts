/**
 * One dashboard as it is on the screen, and while somebody changes it.
 *
 * In: a dashboard as the server keeps it, changes. Out: what is shown, and what is to be sent.
 * Promise: every change can be taken back, and all of them at once; a tile keeps its key, so that it
 * stays the same one on the page.
 */
import { type Range, boundsOf } from "../state/range";
import { append, inReadingOrder, settle } from "./layout";
import { SIZES } from "./overview";
import type { Dashboard, Tile } from "./shapes";
import { NO_STEPS, type Steps, goBack, remember } from "./undo";

const MAX_TILES = 50;

/** What somebody writes of a tile; its place comes by itself. */
export type Wording = Pick<Tile, "kind" | "title" | "q">;
/** `key` is its own for as long as the page lives, wherever the layout moves it. */
export type Keyed = Tile & { readonly key: number };
export type Shown = Omit<Dashboard, "tiles"> & { readonly tiles: readonly Keyed[] };

export class Draft {
  shown = $state.raw<Shown | null>(null);
  refreshS = $state(0);

  /** As it was before somebody changed it; null: nobody does. */
  #before = $state.raw<Shown | null>(null);
  #steps = $state.raw<Steps<Shown>>(NO_STEPS);
  #keys = 0;

  readonly tiles = $derived(this.shown?.tiles ?? []);
  readonly variables = $derived(this.shown?.variables ?? []);
  readonly isEditing = $derived(this.#before !== null);
  readonly isDirty = $derived(this.isEditing && this.shown !== this.#before);
  readonly canUndo = $derived(this.#steps.states.length > 0);
  readonly canAdd = $derived(this.tiles.length < MAX_TILES);

  /** As it was loaded; nothing of before is left. */
  take(board: Dashboard): void {
    this.shown = { ...board, tiles: inReadingOrder(settle(board.tiles)).map((tile) => this.#keyed(tile)) };
    this.refreshS = board.refresh_s;
    this.endEditing();
  }

  edit(): void {
    this.#steps = NO_STEPS;
    this.#before = this.shown;
  }

  endEditing(): void {
    this.#steps = NO_STEPS;
    this.#before = null;
  }

  cancel(): void {
    this.shown = this.#before;
    this.refreshS = this.#before?.refresh_s ?? 0;
    this.endEditing();
  }

  /** Changes of one kind that follow each other are taken back at once. */
  change(part: Partial<Shown>, kind: string | null = null): void {
    if (!this.shown) return;
    this.#steps = remember(this.#steps, this.shown, kind);
    this.shown = { ...this.shown, ...part };
  }

  undo(): void {
    const { state, steps } = goBack(this.#steps);
    this.#steps = steps;
    this.shown = state ?? this.shown;
  }

  /** Gives the way back to what there is now, past any change. */
  mark(): () => void {
    const [shown, steps] = [this.shown, this.#steps];
    return () => ([this.shown, this.#steps] = [shown, steps]);
  }

  /** What is to be kept: time and refreshing as they are on the screen. */
  current(range: Range): Dashboard {
    if (!this.shown) throw new Error("There is nothing to save yet.");
    const { since, until } = boundsOf(range);
    const tiles = inReadingOrder(this.shown.tiles);
    return { ...this.shown, since: since ?? "", until: until ?? "", refresh_s: this.refreshS, tiles };
  }

  /** `sent` is kept now; what was changed while it was on its way is still to be saved. */
  takeSaved(sent: Shown | null, kept: Dashboard): void {
    this.#before = this.shown === sent ? null : sent;
    this.#steps = NO_STEPS;
    this.takeKept(kept);
  }

  /** The tiles stay the same ones on the page: nothing is asked anew for being saved. */
  takeKept(kept: Dashboard): void {
    if (!this.shown) return;
    const { since, until, refresh_s, is_shared, version, changed_at } = kept;
    const name = this.isEditing ? this.shown.name : kept.name;
    this.shown = { ...this.shown, since, until, refresh_s, name, is_shared, version, changed_at };
  }

  addTile(wording: Wording): void {
    const [w, h] = SIZES[wording.kind];
    this.change({ tiles: append(this.tiles, this.#keyed({ ...wording, x: 0, y: 0, w, h })) });
  }

  changeTile(key: number, wording: Wording): void {
    this.change({ tiles: this.tiles.map((each) => (each.key === key ? { ...each, ...wording } : each)) });
  }

  duplicateTile(tile: Tile): void {
    if (this.canAdd) this.change({ tiles: append(this.tiles, this.#keyed(tile)) });
  }

  removeTile(key: number): void {
    this.change({ tiles: settle(this.tiles.filter((each) => each.key !== key)) });
  }

  #keyed(tile: Tile): Keyed {
    this.#keys += 1;
    return { ...tile, key: this.#keys };
  }
}
