/**
 * Loading one dashboard and having it kept: each step a request, and why the last one failed.
 *
 * In: a draft. Out: the draft as the server has it; the address, where another dashboard is shown.
 * Promise: what could not be saved is still in the draft.
 */
import { ApiError } from "../api/client";
import { Answer } from "../state/answer.svelte";
import type { Range } from "../state/range";
import type { BoardAddress } from "./address";
import { deleteDashboard, duplicateDashboard, getDashboard, postDashboard, putDashboard } from "./api";
import type { Draft } from "./draft.svelte";
import { type Dashboard, documentOf } from "./shapes";

export class Saving {
  readonly loading = new Answer<Dashboard>();
  failure = $state.raw<Error | null>(null);
  isBusy = $state(false);
  /** Somebody else has changed it meanwhile. */
  readonly isConflict = $derived(this.failure instanceof ApiError && this.failure.status === 409);

  readonly #id: number;
  readonly #draft: Draft;
  readonly #onchange: (part: Partial<BoardAddress>) => void;

  constructor(id: number, draft: Draft, onchange: (part: Partial<BoardAddress>) => void) {
    this.#id = id;
    this.#draft = draft;
    this.#onchange = onchange;
  }

  async load(): Promise<void> {
    await this.loading.ask((signal) => getDashboard(this.#id, signal));
    this.failure = this.loading.error;
    if (this.loading.value) this.#draft.take(this.loading.value);
  }

  stop(): void {
    this.loading.stop();
  }

  save(range: Range): Promise<boolean> {
    return this.#attempt(async () => {
      const sent = this.#draft.shown;
      this.#draft.takeSaved(sent, await putDashboard(this.#draft.current(range)));
      this.#onchange({ range: null });
    });
  }

  saveAsNew(range: Range): Promise<boolean> {
    return this.#attempt(async () => {
      const { id } = await postDashboard(documentOf(this.#draft.current(range)));
      this.#draft.endEditing();
      this.#onchange({ id, range: null });
    });
  }

  /** The other changes of a draft stay unsaved. */
  saveName(naming: Pick<Dashboard, "name" | "is_shared">): Promise<boolean> {
    return this.#attempt(async () => {
      const { shown } = this.#draft;
      if (shown) this.#draft.takeKept(await putDashboard({ ...shown, ...naming }));
    });
  }

  duplicate(): Promise<boolean> {
    return this.#attempt(async () => {
      const { id } = await duplicateDashboard(this.#id);
      this.#onchange({ id, range: null, values: {} });
    });
  }

  remove(): Promise<boolean> {
    return this.#attempt(async () => {
      await deleteDashboard(this.#id);
      this.#onchange({ id: null, range: null, values: {} });
    });
  }

  async #attempt(step: () => Promise<void>): Promise<boolean> {
    this.failure = null;
    this.isBusy = true;
    try {
      await step();
    } catch (reason) {
      this.failure = reason instanceof Error ? reason : new Error(String(reason));
    }
    this.isBusy = false;
    return this.failure === null;
  }
}
