/**
 * The live tail of the explorer: when it runs, when it is held, and what comes of its steps.
 *
 * In: the question, its results, where a person reads. Out: new events in the list, sums anew.
 * Promise: whoever reads further down, or stands on an event, does not see the list move.
 */
import { untrack } from "svelte";
import type { Event } from "../api/shapes";
import { ALL } from "../state/range";
import { Tail } from "../state/tail.svelte";
import type { Cursor } from "./cursor.svelte";
import type { Question } from "./question.svelte";
import type { Results } from "./results.svelte";

/** How often sums are asked for anew while events flow. */
const REFRESH_MS = 5_000;

export class Following {
  isScrolled = $state(false);

  readonly tail: Tail;
  readonly #question: Question;
  readonly #results: Results;
  readonly #cursor: Cursor;
  #isPaused = $state(false);
  #hasArrivals = false;

  readonly isHeld = $derived.by(() => this.#isPaused || this.isScrolled || this.#cursor.activeId !== null);
  readonly #isFollowing = $derived.by(
    () => (this.#question.query.isLive || this.#results.isWaiting) && !this.#question.isBounded,
  );

  constructor(question: Question, results: Results, cursor: Cursor) {
    this.#question = question;
    this.#results = results;
    this.#cursor = cursor;
    this.tail = new Tail(
      (events, skipped, wasHeld) => this.#take(events, skipped, wasHeld),
      () => void this.#catchUp(),
    );
  }

  /** Runs from now on; call while the component begins. */
  follow(): void {
    const question = this.#question;
    $effect(() => {
      const { filter } = question.parts;
      const { zone } = question;
      const isWanted = this.#isFollowing && question.mode === "list";
      if (isWanted) untrack(() => this.tail.start(filter, zone));
      return () => this.tail.stop();
    });
    $effect(() => {
      if (!this.#isFollowing) return;
      const isCounting = question.mode !== "list";
      const timer = setInterval(() => {
        if ((this.#hasArrivals || isCounting) && !document.hidden) this.#results.refresh();
        this.#hasArrivals = false;
      }, REFRESH_MS);
      return () => clearInterval(timer);
    });
    $effect(() => {
      const isReading = this.isHeld;
      untrack(() => (isReading ? this.tail.hold() : this.tail.release()));
    });
  }

  turnLive(): void {
    this.#isPaused = false;
    const { isBounded, query } = this.#question;
    if (isBounded) query.change({ range: ALL, isLive: true });
    else query.change({ isLive: !query.isLive });
  }

  pause(): void {
    this.#isPaused = this.#question.query.isLive;
  }

  /** Goes on; where the list stands is the caller's. */
  resume(): void {
    this.#cursor.leave();
    this.#isPaused = false;
  }

  #take(events: readonly Event[], skipped: number, wasHeld: boolean): void {
    const { query } = this.#question;
    this.#results.rows.addStep(events, skipped, wasHeld);
    this.#hasArrivals ||= events.length > 0;
    if (events.length && !query.isLive) query.change({ isLive: true });
  }

  /**
   * Shows what arrived after the page was asked for and before the stream began. When this fails
   * the server is away, and the stream says so and begins again.
   */
  async #catchUp(): Promise<void> {
    const missed = await this.#results.rows.findMissed().catch(() => []);
    if (missed.length) this.#take(missed, 0, false);
  }
}
