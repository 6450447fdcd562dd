/**
 * The questions of tiles with values in the place of their `$names`.
 *
 * In: texts and the values of the variables; one question to the server for all of them.
 * Out: for each text what is to be asked, or what is wrong with its names.
 * Promise: a text without a name needs no server; the values of before are never in an answer.
 */
import { Answer } from "../state/answer.svelte";
import { bindQuestions } from "./api";
import type { Bound, Mistake } from "./shapes";

export type Values = Readonly<Record<string, readonly string[]>>;

/** What a tile asks: `question` is null while nobody knows it, and then `error` may say why. */
export interface Asked {
  readonly question: string | null;
  readonly mistake: Mistake | null;
  readonly error: Error | null;
}

/** Only a letter makes a name: `$5` is text, and for the server the rest of it may be, too. */
const NAME = /\$[A-Za-z_]/;

export class Binding {
  readonly #answer = new Answer<{ readonly for: string; readonly bound: ReadonlyMap<string, Bound> }>();
  #wanted = $state("");

  /** Asks where it must; the same again only where it failed: a refresh must not ask twice. */
  ask(texts: readonly string[], values: Values): void {
    const named = [...new Set(texts.filter((text) => NAME.test(text)))];
    this.#wanted = named.length ? JSON.stringify([named, values]) : "";
    const wanted = this.#wanted;
    if (!wanted || this.#answer.value?.for === wanted) return;
    void this.#answer.ask(async (signal) => {
      const bound = await bindQuestions(named, values, signal);
      return { for: wanted, bound: new Map(bound.map((each, at) => [named[at] ?? "", each])) };
    });
  }

  of(text: string): Asked {
    if (!NAME.test(text)) return { question: text, mistake: null, error: null };
    const { value, error } = this.#answer;
    const bound = value?.for === this.#wanted ? value.bound.get(text) : undefined;
    if (!bound) return { question: null, mistake: null, error };
    return { question: bound.mistake ? null : bound.question, mistake: bound.mistake, error: null };
  }

  stop(): void {
    this.#answer.stop();
  }
}
