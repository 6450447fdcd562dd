/**
 * The answer to a question that changes: counts, facets, patterns, numbers.
 *
 * In: a way to ask. Out: its newest answer and whether another one is on its way.
 * Promise: an answer to an older question is never shown; the older question is cancelled. While the
 * server is away the question is asked again and again, so that it is answered when that is back.
 */
import { isAway } from "../api/client";
import { comeback } from "../api/comeback.svelte";

export class Answer<T> {
  value = $state.raw<T | null>(null);
  error = $state.raw<Error | null>(null);
  isLoading = $state(false);
  isStopped = $state(false);

  #request = new AbortController();

  /** Done when there is an answer or a refusal. */
  async ask(get: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#request.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    this.isStopped = false;
    while (await this.#isUnanswered(get, signal)) await comeback.wait(signal);
  }

  async #isUnanswered(get: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<boolean> {
    this.isLoading = true;
    try {
      const value = await get(signal);
      if (signal.aborted) return false;
      this.value = value;
      this.error = null;
    } catch (error) {
      if (signal.aborted) return false;
      this.value = null;
      this.error = error instanceof Error ? error : new Error(String(error));
    }
    this.isLoading = false;
    return isAway(this.error);
  }

  /** Nobody waits any more. What was there answers an older question. */
  stop(): void {
    this.#request.abort();
    if (!this.isLoading) return;
    this.value = null;
    this.isLoading = false;
    this.isStopped = true;
  }
}
