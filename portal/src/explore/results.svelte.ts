/**
 * What the explorer's question finds: events, patterns or numbers in the middle, sums beside them.
 *
 * In: a `Question`. Out: the answers, how far they are, and what is said about them.
 * Promise: whatever is asked is asked again when the question changes, and sums while events flow.
 */
import { tick, untrack } from "svelte";
import type { Facet, Histogram, Patterns, Release, Stats } from "../api/answers";
import { getFacets, getHistogram, getPatterns, getReleases, getStats, postHistory } from "../api/client";
import type { Event } from "../api/shapes";
import { Answer } from "../state/answer.svelte";
import { isEvent } from "../state/entries";
import { preferences } from "../state/preferences.svelte";
import { Rows } from "../state/rows.svelte";
import type { Question } from "./question.svelte";
import { EVENT_VIEWS, type ViewChoice, type ViewName, numberViewIn, numberViewsOf } from "./views";

/** How many pages are read to find the open event in a list that holds it. */
const MAX_SEEK_PAGES = 20;
/** Releases are rare: of the times that sums are asked anew, so many are let pass. */
const RELEASE_REFRESHES = 12;
const SLOW_MS = 1_000;
const BUCKETS = 120;
const NARROW_BUCKETS = 60;

/** How far an answer is. */
export type Progress = Pick<Answer<unknown>, "error" | "isLoading" | "isStopped">;

/** What the screen has room for. */
export interface Room {
  readonly isNarrow: boolean;
  readonly hasFacets: boolean;
}

export class Results {
  readonly rows = new Rows();
  readonly counts = new Answer<Histogram>();
  readonly facets = new Answer<readonly Facet[]>();
  readonly releases = new Answer<readonly Release[]>();
  readonly patterns = new Answer<Patterns>();
  readonly stats = new Answer<Stats>();

  /** The answer takes so long that somebody may want to stop it. */
  isSlow = $state(false);

  readonly #question: Question;
  readonly #onlisted: () => void;
  /** Grows while events flow: sums are asked for anew. */
  #refreshes = $state(0);
  /** Grows when a person asks the same question anew. */
  #reloads = $state(0);
  /** What a person asked, until it is answered. */
  #toRemember: string | null = null;

  readonly shown = $derived.by((): Progress => {
    const { mode } = this.#question;
    return mode === "numbers" ? this.stats : mode === "patterns" ? this.patterns : progressOf(this.rows);
  });
  readonly #summed = $derived.by(() =>
    this.#question.mode === "numbers" ? this.stats.value : this.patterns.value,
  );
  /** How a sign of the search was read: worth a word, once. */
  readonly notice = $derived.by(() => {
    if (this.shown.error || this.shown.isLoading) return null;
    return this.#question.mode === "list" ? this.rows.notice : (this.#summed?.notice ?? null);
  });
  readonly suggestion = $derived.by(() =>
    this.#question.mode === "list" ? this.rows.suggestion : (this.#summed?.hint ?? null),
  );
  /** Nothing has ever arrived: wait for the first event without being asked to. */
  readonly isWaiting = $derived.by(() => {
    const { mode, isUnasked } = this.#question;
    return mode === "list" && this.rows.status === "ready" && !this.rows.entries.length && isUnasked;
  });
  /** Of nothing, and of what is not understood, there is nothing to sum up. */
  readonly hasSums = $derived.by(() => !this.shown.error && !this.isWaiting);
  readonly canStop = $derived.by(() => this.shown.isLoading && this.isSlow);
  readonly openEvent = $derived.by(() => {
    const { id } = this.#question.query;
    if (id === null) return null;
    return this.rows.entries.find((each): each is Event => isEvent(each) && each.id === id) ?? null;
  });

  readonly #numberViews = $derived.by(() => numberViewsOf(this.stats.value));
  readonly numberView = $derived.by(() => numberViewIn(this.#numberViews, this.#question.query.view));
  readonly views = $derived.by((): readonly ViewChoice[] =>
    this.#question.mode === "numbers" ? this.#numberViews : EVENT_VIEWS,
  );
  readonly view = $derived.by((): ViewName =>
    this.#question.mode === "numbers" ? this.numberView : this.#question.mode,
  );
  /** How a dashboard would show the same; one row of numbers is a number. */
  readonly tileKind = $derived.by(() => {
    if (this.#question.mode === "patterns") return "patterns";
    const isNumber = this.stats.value?.columns.every(({ role }) => role === "number");
    return isNumber ? "number" : this.numberView;
  });

  /** `onlisted`: a new list is on the screen. */
  constructor(question: Question, onlisted: () => void) {
    this.#question = question;
    this.#onlisted = onlisted;
  }

  /** Asks from now on; call while the component begins. */
  follow(room: Room): void {
    const question = this.#question;
    $effect(() => {
      void question.identity;
      untrack(() => void this.#load());
    });
    // Beside the list; the same filter counted again while events flow.
    $effect(() => {
      void this.#refreshes;
      const asked = question.scope;
      const buckets = room.isNarrow ? NARROW_BUCKETS : BUCKETS;
      untrack(() => void this.counts.ask((signal) => getHistogram(asked, buckets, signal)));
    });
    $effect(() => {
      void this.#refreshes;
      const asked = question.scope;
      const fields = preferences.facets;
      if (room.hasFacets) untrack(() => void this.facets.ask((signal) => getFacets(asked, fields, signal)));
    });
    const releaseRefreshes = $derived(Math.floor(this.#refreshes / RELEASE_REFRESHES));
    $effect(() => {
      void [this.#reloads, releaseRefreshes];
      const asked = question.scope;
      untrack(() => void this.releases.ask((signal) => getReleases(asked, signal)));
    });
    $effect(() => {
      if (this.#refreshes && question.mode === "numbers") untrack(() => void this.#load());
    });
    $effect(() => {
      if (!this.shown.isLoading) return;
      const timer = setTimeout(() => (this.isSlow = true), SLOW_MS);
      return () => {
        clearTimeout(timer);
        this.isSlow = false;
      };
    });
  }

  /** Sums are asked for anew. */
  refresh(): void {
    this.#refreshes += 1;
  }

  /** The same question asked anew. */
  reload(): void {
    if (this.#question.mode !== "numbers") void this.#load();
    this.#refreshes += 1;
    this.#reloads += 1;
  }

  /** What a person asks is kept once it is understood. */
  rememberWhenFound(text: string): void {
    this.#toRemember = text || null;
  }

  stop(): void {
    this.rows.stop();
    const { counts, facets, releases, patterns, stats } = this;
    for (const answer of [counts, facets, releases, patterns, stats]) answer.stop();
  }

  async #load(): Promise<void> {
    const asked = this.#question.asked();
    const { mode } = this.#question;
    if (mode === "numbers") await this.stats.ask((signal) => getStats(asked, signal));
    else if (mode === "patterns") await this.patterns.ask((signal) => getPatterns(asked, signal));
    else await this.#loadList();
    if (!this.shown.error && !this.shown.isLoading && !this.shown.isStopped) this.#remember();
  }

  /** An open event that the new list holds (a permalink, "around this time") is brought into view. */
  async #loadList(): Promise<void> {
    const { identity, query, zone } = this.#question;
    await this.rows.load(query.text, query.range, zone);
    for (let page = 0; page < MAX_SEEK_PAGES && this.#isOpenBelow(identity); page += 1)
      await this.rows.loadOlder();
    await tick();
    this.#onlisted();
  }

  /** Around a busy moment the open event may be some pages down. */
  #isOpenBelow(asked: string): boolean {
    const { identity, isBounded, query } = this.#question;
    const isSought = isBounded && query.id !== null && !this.openEvent && identity === asked;
    return isSought && this.rows.hasOlder && !this.rows.error;
  }

  /** What was understood is worth keeping; a search never fails for it. */
  #remember(): void {
    if (this.#toRemember === this.#question.query.text) postHistory(this.#toRemember).catch(() => {});
    this.#toRemember = null;
  }
}

function progressOf({ status, error }: Rows): Progress {
  return {
    error: status === "failed" ? error : null,
    isLoading: status === "loading",
    isStopped: status === "stopped",
  };
}
