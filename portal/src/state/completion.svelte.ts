/**
 * What could stand at the cursor of the search box.
 *
 * In: the text as it is typed. Out: suggestions, and which of them is chosen.
 * Promise: nothing here is waited for; an answer to an older text is dropped; one request at a time.
 */
import { getCompletion } from "../api/client";
import type { Completion as Answer, CompletionItem } from "../api/answers";

/** Shorter than two keystrokes of a fast typist. */
const PAUSE_MS = 60;

export class Completion {
  suggestions = $state.raw<readonly CompletionItem[]>([]);
  /** -1: none, Enter asks the text as it is. */
  chosen = $state(-1);
  readonly isOpen = $derived(this.suggestions.length > 0);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #request = new AbortController();
  /** Where what is replaced begins and ends, in halves of characters as strings count. */
  #start = 0;
  #end = 0;

  constructor(private readonly get: typeof getCompletion = getCompletion) {}

  /** The text was edited: what no longer fits goes at once, the rest when the server has answered. */
  follow(text: string, cursor: number, isWished = false): void {
    this.#cancel();
    const begun = text.slice(this.#start, cursor).toLowerCase();
    this.suggestions = this.suggestions.filter((each) => each.text.toLowerCase().startsWith(begun));
    this.#end = cursor;
    this.chosen = -1;
    this.#timer = setTimeout(() => void this.#ask(text, cursor, isWished), PAUSE_MS);
  }

  /** Whole texts to choose from, as the history's. */
  offer(texts: readonly string[], end: number): void {
    this.#cancel();
    [this.#start, this.#end] = [0, end];
    this.suggestions = texts.map((text) => ({ text, count: null }));
    this.chosen = -1;
  }

  move(by: number): void {
    const count = this.suggestions.length;
    // One place more than there are suggestions: that of the typed text.
    this.chosen = ((this.chosen + 1 + by + count + 1) % (count + 1)) - 1;
  }

  /** The text with a suggestion in it, and where the cursor then stands. */
  accept(text: string, index: number): { text: string; cursor: number } {
    const suggested = this.suggestions[index]?.text ?? "";
    const before = text.slice(0, this.#start) + suggested;
    this.close();
    return { text: before + text.slice(this.#end), cursor: before.length };
  }

  close(): void {
    this.#cancel();
    this.suggestions = [];
    this.chosen = -1;
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#request.abort();
  }

  async #ask(text: string, cursor: number, isWished: boolean): Promise<void> {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const answer = await this.get(text, Array.from(text.slice(0, cursor)).length, signal);
      if (!signal.aborted) this.#take(answer, text, cursor, isWished);
    } catch {
      // No suggestions then; the search itself will say what is wrong.
      if (!signal.aborted) [this.suggestions, this.chosen] = [[], -1];
    }
  }

  #take({ start, suggestions }: Answer, text: string, cursor: number, isWished: boolean): void {
    this.#start = Array.from(text).slice(0, start).join("").length;
    this.#end = cursor;
    const begun = text.slice(this.#start, cursor);
    // Behind a blank anything may follow; a list there would be in the way of most.
    const isUseful = isWished || begun !== "" || /[:|(,]\s*$|\|[^"]*\s$/.test(text.slice(0, cursor));
    // Who has chosen meanwhile keeps the choice, wherever it stands now.
    const chosen = this.suggestions[this.chosen]?.text;
    this.suggestions = isUseful ? suggestions.filter((each) => each.text !== begun) : [];
    this.chosen = this.suggestions.findIndex((each) => each.text === chosen);
  }
}
