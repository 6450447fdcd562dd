/**
 * How an issue stands, in words; and the orders that change it, as they are offered.
 *
 * In: an issue. Out: text, orders. Promise: the same words in the list and on the page.
 */
import { renderCount } from "../ui/amounts";
import { type Zone, renderDate } from "../ui/time";
import type { Issue, Order, Until } from "./shapes";

/** How long an issue can be muted for in one click. */
export const MUTINGS: readonly { readonly name: string; readonly order: Order }[] = [
  { name: "For 1 hour", order: { state: "muted", until: "1h" } },
  { name: "For 1 day", order: { state: "muted", until: "1d" } },
  { name: "For 7 days", order: { state: "muted", until: "7d" } },
  { name: "Until 100 more errors", order: { state: "muted", more: 100 } },
  { name: "Until 1,000 more errors", order: { state: "muted", more: 1_000 } },
  { name: "Until 10 in an hour", order: { state: "muted", per_hour: 10 } },
  { name: "Until 100 in an hour", order: { state: "muted", per_hour: 100 } },
];

/** What is written on its badge. */
export function stateOf(issue: Pick<Issue, "state" | "is_regressed">): string {
  return issue.is_regressed ? "regressed" : issue.state;
}

/** What ends its state, or "". */
export function endOf(until: Until, zone: Zone): string {
  if (until.release !== null) return `in release ${until.release}`;
  if (until.after_release !== null) return `in the release after ${until.after_release}`;
  if (until.at !== null) return `until ${renderDate(until.at, zone)}`;
  if (until.more !== null) return `until ${renderCount(until.more)} more errors`;
  if (until.per_hour !== null) return `until ${renderCount(until.per_hour)} errors in an hour`;
  return "";
}

/** The title in two: the type, and what was said. */
export function titleOf({ title, type }: Pick<Issue, "title" | "type">): readonly [string, string] {
  if (!type || !title.startsWith(type)) return ["", title];
  return [type, title.slice(type.length).replace(/^:\s*/, "")];
}

/** The order that brings back how an issue was before it was changed. */
export function orderBack({ state, until, assigned_to }: Issue): Order {
  return {
    state,
    assigned_to: assigned_to ?? "",
    ...(until.release !== null ? { in_release: until.release } : {}),
    // The release after which was then the newest: the next one, as now is seen.
    ...(until.after_release !== null ? { in_release: "next" } : {}),
    ...(until.at !== null ? { until: until.at } : {}),
    ...(until.more !== null ? { more: until.more } : {}),
    ...(until.per_hour !== null ? { per_hour: until.per_hour } : {}),
  };
}

/** What was done, as it is said afterwards. */
export function toldOf(order: Order): string {
  if (order.assigned_to !== undefined && order.state === undefined)
    return order.assigned_to ? `assigned to ${order.assigned_to}` : "assigned to nobody";
  return order.state === "open" ? "opened again" : (order.state ?? "commented");
}
