/**
 * Where the keys are in the list, and which event is open beside it.
 *
 * In: key presses, clicks. Out: the entry the keys are on; the open event is in the URL.
 * Promise: while an event is open, the keys open the one that they come to.
 */
import type { Query } from "../state/query.svelte";
import { type Gap, isEvent, keyOf } from "../state/entries";
import type { Rows } from "../state/rows.svelte";
import type { Move } from "../ui/focus";

export class Cursor {
  /** The event, or the gap, the keys are on; the open one stays open while this moves away from it. */
  #activeId = $state<string | null>(null);

  readonly #query: Query;
  readonly #rows: Rows;
  readonly #reveal: (id: string) => void;

  constructor(query: Query, rows: Rows, reveal: (id: string) => void) {
    this.#query = query;
    this.#rows = rows;
    this.#reveal = reveal;
    this.#activeId = query.id;
  }

  get activeId(): string | null {
    return this.#activeId;
  }

  leave(): void {
    this.#activeId = null;
  }

  open(id: string): void {
    this.#activeId = id;
    this.#query.change({ id });
  }

  close(): void {
    if (this.#query.id !== null) this.#query.change({ id: null });
    else this.#activeId = null;
  }

  move(wish: Move): void {
    const { entries } = this.#rows;
    const at = entries.findIndex((entry) => keyOf(entry) === (this.#activeId ?? this.#query.id));
    const wanted = wish.to === "newest" ? 0 : wish.to === "oldest" ? entries.length - 1 : at + wish.by;
    const entry = entries[Math.min(Math.max(wanted, 0), entries.length - 1)];
    if (!entry) return;
    this.#activeId = keyOf(entry);
    if (this.#query.id !== null && isEvent(entry)) this.#query.change({ id: entry.id });
    this.#reveal(this.#activeId);
  }

  openActive(): void {
    const entry = this.#rows.entries.find((each) => keyOf(each) === this.#activeId);
    if (!entry) return;
    if (isEvent(entry)) this.open(entry.id);
    else this.fill(entry);
  }

  /** What comes into its place is below the event that the keys are on then. */
  fill(gap: Gap): void {
    const above = this.#rows.entries[this.#rows.entries.indexOf(gap) - 1];
    this.#activeId = above ? keyOf(above) : null;
    void this.#rows.fill(gap);
  }
}
