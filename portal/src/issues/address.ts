/**
 * The address bar of the issues: which one is open, or which ones are listed and how.
 *
 * In: path and query. Out: `IssueAddress`, and back.
 * Promise: `parseAddress(renderAddress(a))` is `a`; what is usual is not written.
 */
import { linkTo, pathOf } from "../root";
import { type Range, parseRange, renderRange } from "../state/range";

/** How a list is sorted: the server's word and ours, in the order they are offered. */
export const SORTS = [
  { value: "seen", name: "Last seen" },
  { value: "newest", name: "Newest" },
  { value: "frequent", name: "Most frequent" },
  { value: "users", name: "Most users" },
  { value: "regressed", name: "Regressed" },
] as const;

export type Sort = (typeof SORTS)[number]["value"];

export interface IssueAddress {
  /** null: the list. */
  readonly id: string | null;
  readonly q: string;
  readonly range: Range;
  readonly sort: Sort;
  /** From 1. */
  readonly page: number;
}

export const USUAL: IssueAddress = {
  id: null,
  q: "is:open",
  range: { kind: "last", span: "14d" },
  sort: "seen",
  page: 1,
};

const PATH = /^\/issues\/(\d{1,20})\/?$/;
const MAX_PAGE = 100_000;

export function parseAddress(path: string, query: string): IssueAddress {
  const parameters = new URLSearchParams(query);
  const page = Number(parameters.get("page"));
  return {
    id: PATH.exec(pathOf(path))?.[1] ?? null,
    q: parameters.get("q") ?? USUAL.q,
    range: parameters.has("range") ? parseRange(parameters.get("range")) : USUAL.range,
    sort: SORTS.find(({ value }) => value === parameters.get("sort"))?.value ?? USUAL.sort,
    page: Number.isInteger(page) && page > 1 && page <= MAX_PAGE ? page : 1,
  };
}

export function renderAddress(address: Partial<IssueAddress>): string {
  const { id, q, range, sort, page } = { ...USUAL, ...address };
  const parameters = new URLSearchParams();
  if (q !== USUAL.q) parameters.set("q", q);
  if (renderRange(range) !== renderRange(USUAL.range)) parameters.set("range", renderRange(range));
  if (sort !== USUAL.sort) parameters.set("sort", sort);
  if (page !== 1) parameters.set("page", String(page));
  const query = parameters.toString();
  return linkTo(id === null ? "/issues" : `/issues/${id}`) + (query ? `?${query}` : "");
}

/** The events of an issue in the explorer, all of them or narrowed further. */
export function eventsOf(id: string, more = ""): string {
  const text = more ? `issue:${id} ${more}` : `issue:${id}`;
  return linkTo(`/?q=${encodeURIComponent(text)}`);
}
