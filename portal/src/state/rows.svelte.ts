/**
 * The events in the list: pages by keyset below, live events above.
 *
 * In: a question, live steps. Out: `entries`, newest first, and what state they are in.
 * Promise: at most `MAX_ROWS` are kept; an answer to an older question is never shown.
 */
import { type EventsQuestion, getEvents } from "../api/client";
import type { Event, Hint } from "../api/shapes";
import { shiftInstant } from "../ui/time";
import { type Entry, entriesOfStep, isEvent, mergeEntries } from "./entries";
import { type Range, boundsOf } from "./range";

/** The first request's worth: fills two tall screens. */
const PAGE_ROWS = 200;
/** Whoever scrolls wants more at once: some 1 MB of JSON, read in some 20 ms. */
const OLDER_ROWS = 1_000;
/** About 1 KB each in memory; whoever needs more narrows the question. */
export const MAX_ROWS = 200_000;
/** The live tail alone would fill the memory while nobody looks. */
export const MAX_LIVE_ROWS = 10_000;

export class Rows {
  entries = $state.raw<readonly Entry[]>([]);
  status = $state<"loading" | "ready" | "failed" | "stopped">("loading");
  error = $state.raw<Error | null>(null);
  isLoadingOlder = $state(false);
  hasOlder = $state(false);
  /** What may be wrong with a search that found nothing. */
  hint = $state.raw<Hint | null>(null);
  /** How a sign of the search was read. */
  notice = $state.raw<string | null>(null);
  elapsedMs = $state(0);
  rowsRead = $state(0);

  #text = "";
  #zone = "UTC";
  #range: Range = { kind: "all" };
  #next: string | null = null;
  #request = new AbortController();
  /** Live events that came while the first page was on its way. */
  #early: Entry[] = [];

  async load(text: string, range: Range, zone = "UTC"): Promise<void> {
    this.#request.abort();
    this.#request = new AbortController();
    this.#text = text;
    this.#zone = zone;
    this.#range = range;
    this.#early = [];
    this.isLoadingOlder = false;
    this.status = "loading";
    await this.#ask(this.#question(null), (events) => {
      this.entries = mergeEntries(this.#early, events);
      this.#early = [];
    });
  }

  /** Nobody waits any more. What an older question found is no answer to this one, nor can it go on. */
  stop(): void {
    if (this.status !== "loading") return;
    this.#request.abort();
    this.entries = [];
    this.hasOlder = false;
    this.status = "stopped";
  }

  async loadOlder(): Promise<void> {
    if (this.isLoadingOlder || !this.hasOlder || this.status !== "ready") return;
    this.isLoadingOlder = true;
    await this.#ask(this.#olderQuestion(), (events) => {
      this.entries = mergeEntries(this.entries, events).slice(0, MAX_ROWS);
    });
    this.isLoadingOlder = false;
  }

  /** The newest events that are not in the list yet, oldest first as in a live step. */
  async findMissed(): Promise<readonly Event[]> {
    const { signal } = this.#request;
    const page = await getEvents(this.#question(null), signal);
    if (signal.aborted) return [];
    const known = new Set(this.entries.filter(isEvent).map(({ id }) => id));
    return page.events.filter(({ id }) => !known.has(id)).reverse();
  }

  /** Puts a live step on top; what no longer fits goes at the bottom and can be loaded again. */
  addStep(events: readonly Event[], skipped: number): void {
    const added = entriesOfStep(events, skipped);
    if (this.status !== "ready") {
      this.#early = mergeEntries(added, this.#early).slice(0, MAX_LIVE_ROWS);
      return;
    }
    const all = mergeEntries(added, this.entries);
    this.entries = all.length > MAX_LIVE_ROWS ? this.#cut(all) : all;
  }

  #cut(entries: readonly Entry[]): readonly Entry[] {
    this.#next = null;
    this.hasOlder = true;
    return entries.slice(0, MAX_LIVE_ROWS);
  }

  async #ask(question: EventsQuestion, use: (events: readonly Event[]) => void): Promise<void> {
    const { signal } = this.#request;
    try {
      const page = await getEvents(question, signal);
      if (signal.aborted) return;
      use(page.events);
      this.#next = page.next;
      this.hasOlder = page.next !== null && this.entries.length < MAX_ROWS;
      this.hint = page.hint;
      if (question.before === null) this.notice = page.notice;
      this.elapsedMs = page.elapsed_ms;
      this.rowsRead = page.rows_read;
      this.error = null;
      this.status = "ready";
    } catch (error) {
      if (signal.aborted) return;
      this.error = error instanceof Error ? error : new Error(String(error));
      this.status = this.isLoadingOlder ? "ready" : "failed";
    }
  }

  #question(before: string | null): EventsQuestion {
    const limit = before ? OLDER_ROWS : PAGE_ROWS;
    return { text: this.#text, zone: this.#zone, ...boundsOf(this.#range), limit, before };
  }

  /** After a cut there is no cursor: ask by time, one millisecond over; merging drops what is there. */
  #olderQuestion(): EventsQuestion {
    const last = this.entries.findLast(isEvent);
    if (this.#next || !last) return this.#question(this.#next);
    return { ...this.#question(null), limit: OLDER_ROWS, until: shiftInstant(last.timestamp, 1) };
  }
}
