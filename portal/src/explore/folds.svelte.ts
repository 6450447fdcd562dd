/**
 * What is too long to be shown at once, and whether it is.
 *
 * In: a text. Out: its beginning, where it is much longer than that.
 * Promise: no character is cut in two; what is a little longer is not worth a click.
 */

/** What about fills the pane beside the list. */
const MAX_CHARACTERS = 800;
const MAX_LINES = 14;
/** Less than this is not worth folding. */
const MIN_FOLDED = 200;
const MIN_FOLDED_LINES = 4;

/** The beginning that is shown of a long text, or null where all of it is. */
export function beginningOf(text: string): string | null {
  const lines = text.split("\n", MAX_LINES + MIN_FOLDED_LINES);
  const isManyLines = lines.length === MAX_LINES + MIN_FOLDED_LINES;
  const few = isManyLines ? lines.slice(0, MAX_LINES).join("\n") : text;
  if (few.length <= MAX_CHARACTERS + MIN_FOLDED) return isManyLines ? few : null;
  return few.slice(0, MAX_CHARACTERS).replace(/[\ud800-\udbff]$/, "");
}

/** All folds of one event: each is turned by itself, or all together by a key. */
export class Folds {
  #areOpen = $state(false);
  #turned = $state<Record<string, boolean>>({});

  isOpen(name: string): boolean {
    return this.#turned[name] ?? this.#areOpen;
  }

  turn(name: string): void {
    this.#turned[name] = !this.isOpen(name);
  }

  turnAll(): void {
    this.#areOpen = !this.#areOpen;
    this.#turned = {};
  }
}
