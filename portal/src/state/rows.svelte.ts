/**
 * The events in the list: pages by keyset below, live events above.
 *
 * In: a question, live steps. Out: `entries`, newest first, and what state they are in.
 * Promise: at most `MAX_ROWS` are kept; an answer to an older question is never shown.
 */
import { type EventsQuestion, getEvents, isAway } from "../api/client";
import { comeback } from "../api/comeback.svelte";
import type { Event, Suggestion } from "../api/shapes";
import { shiftInstant } from "../ui/time";
import { withText } from "./clauses";
import { type Entry, type Gap, entriesOfStep, isEvent, mergeEntries, searchOf } from "./entries";
import { type Range, boundsOf } from "./range";

/** The first request's worth: fills two tall screens. */
const PAGE_ROWS = 200;
/** Whoever scrolls wants more at once: some 1 MB of JSON, read in some 20 ms. */
const OLDER_ROWS = 1_000;
/** What one wish to see skipped events reads; most pages hold little that is known already. */
const MAX_FILL_PAGES = 5;
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
  suggestion = $state.raw<Suggestion | null>(null);
  /** The gap whose events are on their way. */
  filling = $state.raw<Gap | null>(null);
  fillError = $state.raw<Error | null>(null);
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
    this.filling = null;
    this.fillError = null;
    const { signal } = this.#request;
    await this.#askFirst();
    while (this.status === "failed" && isAway(this.error)) {
      await comeback.wait(signal);
      await this.#askFirst();
    }
  }

  #askFirst(): Promise<void> {
    this.status = "loading";
    return this.#ask(this.#question(null), (events) => {
      this.entries = mergeEntries(this.#early, events);
      this.#early = [];
    });
  }

  /** Nobody waits any more. What an older question found is no answer to this one, nor can it go on. */
  stop(): void {
    if (this.status !== "loading") return;
    this.#request.abort();
    this.filling = null;
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
    if (isAway(this.error)) void comeback.wait(this.#request.signal).then(() => this.loadOlder());
  }

  /** Loads what was left out at the gap: so much at once as older events are. */
  async fill(gap: Gap): Promise<void> {
    if (this.filling || this.status !== "ready") return;
    const { signal } = this.#request;
    this.filling = gap;
    this.fillError = null;
    try {
      const [fresh, before] = await this.#findSkipped(gap, signal);
      if (!signal.aborted) this.#replaceGap(gap, fresh, before);
    } catch (error) {
      if (!signal.aborted) this.fillError = error instanceof Error ? error : new Error(String(error));
    }
    if (!signal.aborted) this.filling = null;
  }

  async #findSkipped(gap: Gap, signal: AbortSignal): Promise<[Event[], string | null]> {
    const known = new Set(this.entries.filter(isEvent).map(({ id }) => id));
    const question = {
      ...this.#question(null),
      limit: OLDER_ROWS,
      text: withText(this.#text, searchOf(gap)),
    };
    const wanted = Math.min(gap.skipped, OLDER_ROWS);
    const fresh: Event[] = [];
    let { before } = gap;
    for (let page = 0; page < MAX_FILL_PAGES && fresh.length < wanted; page += 1) {
      const { events, next } = await getEvents({ ...question, before }, signal);
      fresh.push(...events.filter(({ id }) => !known.has(id)));
      before = next;
      if (!next) break;
    }
    return [fresh, before];
  }

  /** What is still missing leaves a smaller gap. */
  #replaceGap(gap: Gap, fresh: readonly Event[], before: string | null): void {
    const skipped = before === null ? 0 : gap.skipped - fresh.length;
    const others = this.entries.flatMap((entry) => {
      if (entry !== gap) return [entry];
      return skipped > 0 ? [{ ...gap, skipped, before }] : [];
    });
    this.entries = mergeEntries(others, fresh).slice(0, MAX_ROWS);
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
  addStep(events: readonly Event[], skipped: number, wasHeld = false): void {
    const known = this.status === "ready" ? this.entries : this.#early;
    const added = entriesOfStep(events, skipped, wasHeld, known);
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
      this.suggestion = page.hint;
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
