/**
 * What is selected in the list of issues, and what is done with it.
 *
 * In: the issues of the page, what they were searched by. Out: who is selected, what became of an
 * order, a way to take it back.
 * Promise: an order is about what was selected when it was given; what cannot be taken back offers
 * no such way.
 */
import { renderNumber } from "../ui/amounts";
import { type Search, changeFound, changeIssues } from "./api";
import type { Issue, Order } from "./shapes";
import { orderBack, toldOf } from "./standing";

export interface Told {
  readonly text: string;
  /** How the issues were before; null: nobody knows of those beyond the page. */
  readonly before: readonly Issue[] | null;
}

export class Triage {
  /** Ids. */
  selected = $state.raw<ReadonlySet<string>>(new Set());
  /** All that the search finds, also what no page shows yet. */
  isWhole = $state(false);
  isBusy = $state(false);
  failure = $state("");
  told = $state.raw<Told | null>(null);

  turn(id: string): void {
    const next = new Set(this.selected);
    if (!next.delete(id)) next.add(id);
    this.selected = next;
    this.isWhole = false;
  }

  selectAll(issues: readonly Issue[]): void {
    this.selected = new Set(issues.map(({ id }) => id));
    this.isWhole = false;
  }

  clear(): void {
    this.selected = new Set();
    this.isWhole = false;
  }

  /** Another question was asked: what was said of the last one's issues means nothing any more. */
  forget(): void {
    this.clear();
    this.told = null;
    this.failure = "";
  }

  /** True when it was carried out. `issues` are those of the page, as they are now. */
  async order(order: Order, issues: readonly Issue[], search: Search): Promise<boolean> {
    const before = this.isWhole ? null : issues;
    return this.#attempt(async () => {
      const { changed } = before
        ? await changeIssues(
            before.map(({ id }) => id),
            order,
          )
        : await changeFound(search, order);
      this.clear();
      this.told = { text: `${renderNumber(changed, "issue")} ${toldOf(order)}`, before };
    });
  }

  /** Brings back how the issues were before the last order. */
  async undo(): Promise<boolean> {
    const before = this.told?.before;
    if (!before) return false;
    return this.#attempt(async () => {
      for (const [order, ids] of ordersBack(before)) await changeIssues(ids, order);
      this.told = { text: "As before", before: null };
    });
  }

  async #attempt(step: () => Promise<void>): Promise<boolean> {
    this.isBusy = true;
    this.failure = "";
    try {
      await step();
      return true;
    } catch (reason) {
      this.failure = reason instanceof Error ? reason.message : String(reason);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}

/** The fewest orders that bring issues back: one for those that were alike. */
export function ordersBack(issues: readonly Issue[]): readonly (readonly [Order, readonly string[]])[] {
  const alike = new Map<string, [Order, string[]]>();
  for (const issue of issues) {
    const order = orderBack(issue);
    const name = JSON.stringify(order);
    const known = alike.get(name);
    if (known) known[1].push(issue.id);
    else alike.set(name, [order, [issue.id]]);
  }
  return [...alike.values()];
}
