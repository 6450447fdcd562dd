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
  readonly group: Group;
  /** What is worth knowing before pasting, or nothing. */
  readonly note: string;
  /** The page of its dialect, with all settings, fields and answers; without it that of the API. */
  readonly page?: string;
  readonly write: (place: Place) => string;
  /** The name of the key that stands for what its protocol sends without one. */
  readonly sender?: string;
}

/** In the order in which they are shown. */
export const GROUPS = ["Shell", "Languages", "Shippers", "Clients of"] as const;
type Group = (typeof GROUPS)[number];

interface Place {
  readonly url: string;
  readonly host: string;
  readonly key: string;
  /** What Sentry's clients want at the end of their address: the number of the key. */
  readonly project: number;
}

/** Where more is told: below the server's address. */
export function pathOfPage(snippet: Snippet | undefined): string {
  return snippet?.page ? `/static/protocols/${snippet.page}.txt` : "/Help";
}

export function textOf(snippet: Snippet, url: string, key: string, project = 1): string {
  const host = new URL(url).hostname;
  return snippet.write({ url, host, key: SAFE_KEY.test(key) ? key : PLACEHOLDER, project });
}
