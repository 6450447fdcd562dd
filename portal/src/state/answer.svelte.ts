/**
 * The answer to a question that changes: counts, facets, patterns, numbers.
 *
 * In: a way to ask. Out: its newest answer and whether another one is on its way.
 * Promise: an answer to an older question is never shown; the older question is cancelled.
 */
export class Answer<T> {
  value = $state.raw<T | null>(null);
  error = $state.raw<Error | null>(null);
  isLoading = $state(false);
  isStopped = $state(false);

  #request = new AbortController();

  async ask(get: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#request.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    this.isLoading = true;
    this.isStopped = false;
    try {
      const value = await get(signal);
      if (signal.aborted) return;
      this.value = value;
      this.error = null;
    } catch (error) {
      if (signal.aborted) return;
      this.value = null;
      this.error = error instanceof Error ? error : new Error(String(error));
    }
    this.isLoading = false;
  }

  /** Nobody waits any more. What was there answers an older question. */
  stop(): void {
    if (!this.isLoading) return;
    this.#request.abort();
    this.value = null;
    this.isLoading = false;
    this.isStopped = true;
  }
}
