/**
 * The address bar as a value: the whole question, how it is looked at, and the event that is open.
 *
 * In: path and query. Out: `Address`, and back.
 * Promise: `parseAddress(renderAddress(a))` is `a`; what is default is not written.
 */
import { linkTo, pathOf } from "./root";
import { DEFAULT_COLUMNS } from "./state/columns";
import { type Range, parseRange, renderRange } from "./state/range";

/** How events (list, patterns) and numbers (table, line, bar) are looked at; null: as fits. */
export const VIEWS = ["patterns", "table", "line", "bar"] as const;
export type View = (typeof VIEWS)[number];

export interface Address {
  readonly text: string;
  readonly range: Range;
  readonly isLive: boolean;
  readonly columns: readonly string[];
  readonly view: View | null;
  /** The event that is open; `/events/{id}` alone is its permalink. */
  readonly id: string | null;
}

const EVENT_PATH = /^\/events\/(\d{1,20})\/?$/;
/** More columns than any screen has room for. */
const MAX_COLUMNS = 20;

export function parseAddress(path: string, query: string): Address {
  const parameters = new URLSearchParams(query);
  const columns = parameters.getAll("column").filter(Boolean).slice(0, MAX_COLUMNS);
  return {
    text: parameters.get("q") ?? "",
    range: parseRange(parameters.get("range")),
    isLive: parameters.get("live") === "1",
    columns: parameters.has("column") ? columns : DEFAULT_COLUMNS,
    view: VIEWS.find((view) => view === parameters.get("view")) ?? null,
    id: EVENT_PATH.exec(pathOf(path))?.[1] ?? null,
  };
}

export function renderAddress(address: Address): string {
  const parameters = new URLSearchParams();
  if (address.text) parameters.set("q", address.text);
  if (address.range.kind !== "all") parameters.set("range", renderRange(address.range));
  if (address.isLive) parameters.set("live", "1");
  if (address.columns.join("\n") !== DEFAULT_COLUMNS.join("\n")) {
    // No column at all is a choice too.
    for (const column of address.columns.length ? address.columns : [""]) parameters.append("column", column);
  }
  if (address.view) parameters.set("view", address.view);
  const query = parameters.toString();
  return permalinkPath(address.id) + (query ? `?${query}` : "");
}

export function permalinkPath(id: string | null): string {
  return linkTo(id ? `/events/${id}` : "/");
}

/** The page of an issue. */
export function issuePath(id: string): string {
  return linkTo(`/issues/${id}`);
}
