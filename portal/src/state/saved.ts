/**
 * A saved search and what is asked now: whether they differ.
 *
 * In: a saved search, a draft. Out: drafts, yes or no.
 */
import type { SavedSearch } from "../api/answers";
import type { SearchDraft } from "../api/client";

/** What would be sent to keep it as it is. */
export function draftOf({ name, q, columns, since, until, isShared }: SavedSearch): SearchDraft {
  return { name, q, columns, since, until, is_shared: isShared };
}

export function hasChanged(saved: SavedSearch, draft: SearchDraft): boolean {
  const kept = draftOf(saved);
  const names = Object.keys(kept) as (keyof SearchDraft)[];
  return names.some((name) => JSON.stringify(kept[name]) !== JSON.stringify(draft[name]));
}
