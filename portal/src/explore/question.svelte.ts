/**
 * What the explorer asks: the question in the address bar, read, and how people change it.
 *
 * In: the URL, and what is chosen anywhere on the page. Out: its parts, its time, its mode.
 * Promise: every change is in the URL at once.
 */
import type { SavedSearch } from "../api/answers";
import type { Scope } from "../api/client";
import type { Event } from "../api/shapes";
import { splitQuestion, withGroup, withText, wordsOf } from "../state/clauses";
import { preferences } from "../state/preferences.svelte";
import { Query } from "../state/query.svelte";
import { ALL, type Range, boundsOf, hasEnd, rangeOf, renderRange } from "../state/range";
import { shiftInstant } from "../ui/time";
import { type Conditions, withConditions } from "./cells";
import type { Mode, ViewName } from "./views";

/** How far "around this event" looks to each side. */
const AROUND_MS = 5 * 60 * 1000;

export class Question {
  readonly query = new Query();

  /** The ranges that were zoomed out of, the last one at the end. */
  #zooms: Range[] = [];

  readonly parts = $derived(splitQuestion(this.query.text));
  readonly mode = $derived<Mode>(
    this.parts.pipe !== null ? "numbers" : this.query.view === "patterns" ? "patterns" : "list",
  );
  /** Times are typed, and days begin, in the zone that is shown; else another one changes nothing. */
  readonly zone = $derived(
    this.mode === "numbers" || /timestamp|received_*at/i.test(this.query.text) ? preferences.zoneName : "UTC",
  );
  /** The events it is about, without what the pipe makes of them. */
  readonly scope = $derived<Scope>({
    text: this.parts.filter,
    zone: this.zone,
    ...boundsOf(this.query.range),
  });
  /** Another text here is another question. */
  readonly identity = $derived(
    `${this.mode} ${this.zone} ${renderRange(this.query.range)} ${this.query.text}`,
  );
  readonly isBounded = $derived(hasEnd(this.query.range));
  readonly isUnasked = $derived(!this.query.text && this.query.range.kind === "all");
  readonly words = $derived(wordsOf(this.query.text));

  /** All of it, as it is asked now. */
  asked(): Scope {
    return { text: this.query.text, zone: this.zone, ...boundsOf(this.query.range) };
  }

  chooseRange(chosen: Range): void {
    this.#zooms = [];
    this.query.change({ range: chosen });
  }

  zoom(since: number, until: number): void {
    this.#zooms.push(this.query.range);
    const [from = null, to = null] = [since, until].map((ms) => new Date(ms).toISOString());
    this.query.change({ range: { kind: "between", since: from, until: to }, isLive: false });
  }

  /** Without a zoom before, further out is everything. */
  zoomOut(): void {
    this.query.change({ range: this.#zooms.pop() ?? ALL });
  }

  showAround(event: Event, text: string): void {
    const since = shiftInstant(event.timestamp, -AROUND_MS);
    const until = shiftInstant(event.timestamp, AROUND_MS);
    this.query.change({ text, range: { kind: "between", since, until }, isLive: false, view: null });
  }

  groupBy(field: string): void {
    this.query.change({ text: withGroup(this.query.text, field), id: null });
  }

  showEventsWith(text: string): void {
    this.query.change({ text: withText(this.query.text, text), view: null, id: null });
  }

  showEventsOf(conditions: Conditions): void {
    this.query.change({ text: withConditions(this.parts.filter, conditions), view: null });
  }

  chooseView(view: ViewName): void {
    this.query.change({ view: view === "list" ? null : view });
  }

  chooseSaved({ q: text, columns, since, until }: SavedSearch): void {
    this.query.change({ text, columns, range: rangeOf(since, until), view: null, id: null });
  }
}
