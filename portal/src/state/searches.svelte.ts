/**
 * Saved searches and what was asked lately: loading, keeping, changing them, one step at a time.
 *
 * In: what is asked now, as a draft. Out: the searches, the one that is open, why a step failed.
 * Promise: the open one is always as the server has it.
 */
import type { SavedSearch, SearchDraft } from "../api/answers";
import { deleteHistory, deleteSearch, getHistory, getSearches, postSearch, putSearch } from "../api/client";
import { draftOf, hasChanged } from "./saved";

export class Searches {
  /** null: not loaded yet. */
  all = $state.raw<readonly SavedSearch[] | null>(null);
  recent = $state.raw<readonly string[]>([]);
  /** The one that was chosen or kept last: its changes can be saved. */
  opened = $state.raw<SavedSearch | null>(null);
  /** Of the draft. */
  name = $state("");
  isShared = $state(false);
  error = $state("");

  readonly #asked: () => Pick<SearchDraft, "q" | "columns" | "since" | "until">;

  readonly draft = $derived.by((): SearchDraft => {
    return { ...this.#asked(), name: this.name.trim(), is_shared: this.isShared };
  });
  readonly canChange = $derived(this.opened?.can_change === true);
  readonly isChanged = $derived(this.opened !== null && hasChanged(this.opened, this.draft));

  constructor(asked: () => Pick<SearchDraft, "q" | "columns" | "since" | "until">) {
    this.#asked = asked;
  }

  async load(): Promise<void> {
    this.#fill();
    await this.#attempt(async () => {
      [this.all, this.recent] = await Promise.all([getSearches(), getHistory()]);
      this.opened = this.all.find(({ id }) => id === this.opened?.id) ?? null;
    });
  }

  /** Keeps the draft as a new one. */
  async keep(): Promise<void> {
    await this.#attempt(async () => this.#take(await postSearch(this.draft)));
  }

  async change(): Promise<void> {
    const id = this.opened?.id;
    if (id !== undefined) await this.#attempt(async () => this.#take(await putSearch(id, this.draft)));
  }

  /** True: it has the new name. */
  rename(saved: SavedSearch, name: string): Promise<boolean> {
    return this.#attempt(async () => {
      const changed = await putSearch(saved.id, { ...draftOf(saved), name });
      if (this.opened?.id === saved.id) [this.opened, this.name] = [changed, changed.name];
      this.all = await getSearches();
    });
  }

  async remove(id: number): Promise<void> {
    await this.#attempt(async () => {
      await deleteSearch(id);
      if (this.opened?.id === id) this.letGo();
      this.all = await getSearches();
    });
  }

  letGo(): void {
    this.opened = null;
    this.#fill();
  }

  async forget(): Promise<void> {
    await this.#attempt(async () => {
      await deleteHistory();
      this.recent = [];
    });
  }

  async #take(saved: SavedSearch): Promise<void> {
    this.opened = saved;
    this.#fill();
    this.all = await getSearches();
  }

  #fill(): void {
    this.name = this.opened?.name ?? "";
    this.isShared = this.opened?.is_shared ?? false;
  }

  async #attempt(act: () => Promise<void>): Promise<boolean> {
    this.error = "";
    try {
      await act();
    } catch (reason) {
      this.error = reason instanceof Error ? reason.message : String(reason);
    }
    return this.error === "";
  }
}
