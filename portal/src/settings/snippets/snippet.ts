/**
 * A text to paste that sends to this server.
 *
 * In: the server's address and a key. Out: the text.
 * Promise: a key stands inside quotes of every kind, so one that could end them is not filled in.
 */

export const PLACEHOLDER = "YOUR_API_KEY";

/** More than made keys need, and nothing that any of the languages reads inside quotes. */
const SAFE_KEY = /^[\w.:~+/=-]+$/;

export interface Snippet {
  readonly id: string;
  readonly name: string;
  readonly group: "Shell" | "Languages" | "Shippers";
  /** What is worth knowing before pasting, or nothing. */
  readonly note: string;
  readonly write: (place: Place) => string;
}

interface Place {
  readonly url: string;
  readonly key: string;
}

export function textOf(snippet: Snippet, url: string, key: string): string {
  return snippet.write({ url, key: SAFE_KEY.test(key) ? key : PLACEHOLDER });
}
