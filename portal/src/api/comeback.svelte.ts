/**
 * What to do while the server is away: ask again, with growing pauses, until it answers.
 *
 * In: questions that failed because nobody answered. Out: the moment to ask each of them again, and
 * how many seconds are left until then, for everybody to see.
 * Promise: all wait together, at most `MAX_PAUSE_MS`; when one of them is answered, the browser comes
 * online, the page is looked at again or the live tail is back, the others are asked at once. A page
 * that nobody looks at asks nothing.
 */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
export class Comeback {
  /** From the first question that was not answered to the first one that is. */
  isAway = $state(false);
  /** Until the next attempt, in whole seconds; null while questions are on their way. */
  secondsLeft = $state<number | null>(null);

  #waiting = new Set<() => void>();
  #pauseMs = FIRST_PAUSE_MS;
  #dueAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Resolves when it is time to ask again; never, when `signal` is aborted before. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return;
      this.#waiting.add(resolve);
      signal.addEventListener("abort", () => this.#leave(resolve), { once: true });
      this.isAway = true;
      if (this.secondsLeft !== null) return;
      this.#dueAt = Date.now() + this.#pauseMs;
      this.#count();
    });
  }

  /** Everybody asks now; if it is in vain, the next pause is longer. */
  now(): void {
    if (!this.#waiting.size) return;
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
    this.#goOn();
  }

  /** Somebody was answered: the server is there again. */
  reached(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.isAway = false;
    this.#goOn();
  }

  #goOn(): void {
    const all = [...this.#waiting];
    this.#rest();
    for (const resolve of all) resolve();
  }

  #leave(resolve: () => void): void {
    this.#waiting.delete(resolve);
    if (this.#waiting.size || this.secondsLeft === null) return;
    this.isAway = false;
    this.#rest();
  }

  #rest(): void {
    this.#waiting.clear();
    clearTimeout(this.#timer);
    this.secondsLeft = null;
  }

  #count(): void {
    const leftMs = this.#dueAt - Date.now();
    if (leftMs <= 0 && !isHidden()) return this.now();
    this.secondsLeft = Math.max(Math.ceil(leftMs / 1_000), 0);
    // Without a timer it is the page's coming into view that goes on.
    if (leftMs > 0) this.#timer = setTimeout(() => this.#count(), leftMs % 1_000 || 1_000);
  }
}

function isHidden(): boolean {
  return typeof document !== "undefined" && document.hidden;
}

export const comeback = new Comeback();
