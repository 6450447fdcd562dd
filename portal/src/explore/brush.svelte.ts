/**
 * Which step of a drawing over time is read, and which ones are chosen to zoom into.
 *
 * In: the pointer, keys, how many steps there are. Out: the step, and the range, while there are any.
 * Promise: neither is ever beyond the last step, also when a new answer has fewer.
 */

/** From the first step to the last, both among them. */
export interface StepRange {
  readonly first: number;
  readonly last: number;
}

export class Brush {
  #at = $state<number | null>(null);
  /** Where a selection began. */
  #from = $state<number | null>(null);

  readonly #count: () => number;

  readonly index = $derived.by(() => {
    const count = this.#count();
    return this.#at === null || !count ? null : Math.min(this.#at, count - 1);
  });
  /** What was gone over since the selection began; null: none began. */
  readonly range = $derived.by((): StepRange | null => {
    const [from, to] = [this.#from, this.index];
    return from === null || to === null ? null : { first: Math.min(from, to), last: Math.max(from, to) };
  });

  constructor(count: () => number) {
    this.#count = count;
  }

  read(event: PointerEvent, plot: HTMLElement): void {
    const count = this.#count();
    const { left, width } = plot.getBoundingClientRect();
    if (count) this.#at = this.#clamped(Math.floor(((event.clientX - left) / width) * count));
  }

  begin(event: PointerEvent, plot: HTMLElement): void {
    plot.setPointerCapture(event.pointerId);
    this.read(event, plot);
    this.#from = this.#at;
  }

  /** The selection ends; the step is still read. */
  end(): void {
    this.#from = null;
  }

  leave(): void {
    this.#at = this.#from = null;
  }

  /** Arrow keys, Home and End read; with Shift they choose where one `canChoose`. False: another key. */
  press(event: KeyboardEvent, canChoose: boolean, jumps: Readonly<Record<string, number>> = {}): boolean {
    const last = this.#count() - 1;
    const by = { ArrowLeft: -1, ArrowRight: 1, ...jumps }[event.key];
    if (by !== undefined) this.#moveTo((this.index ?? (by > 0 ? -1 : last + 1)) + by, event, canChoose);
    else if (event.key === "Home") this.#moveTo(0, event, canChoose);
    else if (event.key === "End") this.#moveTo(last, event, canChoose);
    else return false;
    return true;
  }

  #moveTo(wanted: number, { shiftKey }: KeyboardEvent, canChoose: boolean): void {
    if (!this.#count()) return;
    this.#from = shiftKey && canChoose ? (this.#from ?? this.index) : null;
    this.#at = this.#clamped(wanted);
  }

  #clamped(place: number): number {
    return Math.min(Math.max(place, 0), this.#count() - 1);
  }
}
