/**
 * What a search says of issues, offered while it is typed; everything else the server offers.
 *
 * In: the text and the cursor. Out: suggestions, as the server's.
 */
import type { Completion } from "../api/answers";
import { getCompletion } from "../api/client";
import { STATES } from "./shapes";

const WORDS: Readonly<Record<string, readonly string[]>> = {
  is: [...STATES, "regressed", "assigned", "unassigned"],
  assigned: ["me", "none"],
};

/** What the empty box offers. */
export const OFFERS: readonly string[] = [
  "is:open",
  "is:open assigned:me",
  "is:open is:unassigned",
  "is:regressed",
  "is:muted",
  "is:resolved",
];

const ALL = Object.entries(WORDS).flatMap(([field, words]) => words.map((word) => `${field}:${word}`));
/** The word at the end of what stands left of the cursor. */
const WORD = /(?:^|[\s(])-?([a-z]{1,10}:?[a-z]{0,12})$/i;

/** `cursor` counts characters, as the server does. */
export async function completeIssues(
  text: string,
  cursor: number,
  signal?: AbortSignal,
): Promise<Completion> {
  const left = Array.from(text).slice(0, cursor);
  const begun = WORD.exec(left.join(""))?.[1]?.toLowerCase() ?? "";
  const fitting = begun ? ALL.filter((term) => term.startsWith(begun)) : [];
  const start = left.length - begun.length;
  const own = fitting.map((term) => ({ text: term, count: null }));
  if (begun.includes(":") && own.length) return { start, suggestions: own };
  const found = await getCompletion(text, cursor, signal);
  // Both must stand in the place of the same word.
  return own.length && (found.start === start || !found.suggestions.length)
    ? { start, suggestions: [...own, ...found.suggestions] }
    : found;
}
