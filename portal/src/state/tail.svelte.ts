/**
 * The live tail of the question: on or off, flowing or held while somebody reads.
 *
 * In: steps from the server. Out: steps to the list, counts of what waits, and the moment from
 * which on nothing is missed.
 * Promise: while held, at most `MAX_HELD_EVENTS` wait in memory; the rest is counted as skipped.
 */
import { type LiveListener, type LiveState, type LiveStream, openLive } from "../api/live";
import type { Event } from "../api/shapes";

export const MAX_HELD_EVENTS = 1_000;

type Open = (text: string, listener: LiveListener, zone: string) => LiveStream;

export class Tail {
  state = $state<LiveState | "off">("off");
  /** How many events came since the list was held. */
  heldCount = $state(0);

  #isHeld = false;
  #held: readonly Event[] = [];
  #skipped = 0;
  #stream: LiveStream | null = null;

  constructor(
    private readonly give: (events: readonly Event[], skipped: number, wasHeld: boolean) => void,
    private readonly onbegin: () => void,
    private readonly open: Open = openLive,
  ) {}

  start(text: string, zone = "UTC"): void {
    this.stop();
    const listener: LiveListener = {
      onstep: (step) => this.#take(step.events, step.skipped),
      onstate: (state) => (this.state = state),
      onbegin: () => this.onbegin(),
    };
    this.#stream = this.open(text, listener, zone);
  }

  stop(): void {
    this.#stream?.close();
    this.#stream = null;
    this.#forget();
    this.state = "off";
  }

  hold(): void {
    this.#isHeld = true;
  }

  /** Lets everything that waited into the list. */
  release(): void {
    this.#isHeld = false;
    if (!this.heldCount) return;
    const [events, skipped] = [this.#held, this.#skipped];
    this.#forget();
    this.give(events, skipped, true);
  }

  #take(events: readonly Event[], skipped: number): void {
    if (!this.#isHeld) {
      this.give(events, skipped, false);
      return;
    }
    const all = [...this.#held, ...events];
    this.#held = all.slice(-MAX_HELD_EVENTS);
    this.#skipped += skipped + all.length - this.#held.length;
    this.heldCount += events.length + skipped;
  }

  #forget(): void {
    this.#held = [];
    this.#skipped = 0;
    this.heldCount = 0;
  }
}
