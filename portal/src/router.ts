/**
 * The address bar as a value: the whole question, and the event that is open.
 *
 * In: path and query. Out: `Address`, and back.
 * Promise: `parseAddress(renderAddress(a))` is `a`; what is default is not written.
 */
import { type Range, parseRange, renderRange } from "./state/range";

export interface Address {
  readonly text: string;
  readonly range: Range;
  readonly isLive: boolean;
  /** The event that is open; `/events/{id}` alone is its permalink. */
  readonly id: string | null;
}

const EVENT_PATH = /^\/events\/(\d{1,20})\/?$/;

export function parseAddress(path: string, query: string): Address {
  const parameters = new URLSearchParams(query);
  return {
    text: parameters.get("q") ?? "",
    range: parseRange(parameters.get("range")),
    isLive: parameters.get("live") === "1",
    id: EVENT_PATH.exec(path)?.[1] ?? null,
  };
}

export function renderAddress(address: Address): string {
  const parameters = new URLSearchParams();
  if (address.text) parameters.set("q", address.text);
  if (address.range.kind !== "all") parameters.set("range", renderRange(address.range));
  if (address.isLive) parameters.set("live", "1");
  const query = parameters.toString();
  return permalinkPath(address.id) + (query ? `?${query}` : "");
}

export function permalinkPath(id: string | null): string {
  return id ? `/events/${id}` : "/";
}
