/**
 * A saved search and what is asked now: whether they differ.
 *
 * In: a saved search, a draft. Out: drafts, yes or no.
 */
import type { SavedSearch, SearchDraft } from "../api/answers";

/** What would be sent to keep it as it is. */
export function draftOf({ name, q, columns, since, until, is_shared }: SavedSearch): SearchDraft {
  return { name, q, columns, since, until, is_shared };
}

export function hasChanged(saved: SavedSearch, draft: SearchDraft): boolean {
  const kept = draftOf(saved);
  const names = Object.keys(kept) as (keyof SearchDraft)[];
  return names.some((name) => JSON.stringify(kept[name]) !== JSON.stringify(draft[name]));
}
