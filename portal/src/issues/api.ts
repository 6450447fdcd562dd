/**
 * One function per endpoint of issues.
 *
 * In: plain arguments. Out: checked values (`shapes.ts`); the errors of `api/client.ts`.
 */
import { ask } from "../api/client";
import { type Page, readPage } from "../api/shapes";
import {
  type Changed,
  type Issues,
  type Member,
  type Order,
  type WholeIssue,
  readChanged,
  readIssues,
  readMembers,
  readWholeIssue,
} from "./shapes";

const BASE = "/api/v1/issues";
/** Where "all time" begins: the server takes nothing said for its own fourteen days. */
const BEGINNING = "1970-01-01T00:00:00Z";

export const PAGE_ISSUES = 50;

/** Which issues a list is about. */
export interface Search {
  readonly q: string;
  readonly zone: string;
  readonly since: string | null;
  readonly until: string | null;
}

export async function getIssues(
  search: Search,
  sort: string,
  page: number,
  signal?: AbortSignal,
): Promise<Issues> {
  const { q, zone, since, until } = search;
  const query = new URLSearchParams({
    q,
    zone,
    since: since ?? BEGINNING,
    until: until ?? "",
    sort,
    limit: String(PAGE_ISSUES),
    offset: String((page - 1) * PAGE_ISSUES),
  });
  return readIssues(await ask("GET", `${BASE}?${query}`, signal));
}

export async function getIssue(id: string, signal?: AbortSignal): Promise<WholeIssue> {
  return readWholeIssue(await ask("GET", `${BASE}/${id}`, signal));
}

/** One of an issue's events, the newest first; a cursor of another page leads to its neighbours. */
export async function getIssueEvent(
  id: string,
  at: { before?: string | null; after?: string | null },
  signal?: AbortSignal,
): Promise<Page> {
  const query = new URLSearchParams({ limit: "1", before: at.before ?? "", after: at.after ?? "" });
  return readPage(await ask("GET", `${BASE}/${id}/events?${query}`, signal));
}

export async function patchIssue(id: string, order: Order): Promise<WholeIssue> {
  return readWholeIssue(await ask("PATCH", `${BASE}/${id}`, undefined, order));
}

/** The named issues. */
export async function changeIssues(issues: readonly string[], order: Order): Promise<Changed> {
  return readChanged(await ask("POST", `${BASE}/bulk`, undefined, { ...order, issues }));
}

/** All that a search finds, also beyond the page that is seen. */
export async function changeFound({ q, zone, since, until }: Search, order: Order): Promise<Changed> {
  const search = { q, since: since ?? BEGINNING, until: until ?? "" };
  const path = `${BASE}/bulk?${new URLSearchParams({ zone })}`;
  return readChanged(await ask("POST", path, undefined, { ...order, search }));
}

export async function mergeIssues(into: string, issues: readonly string[]): Promise<Changed> {
  return readChanged(await ask("POST", `${BASE}/merge`, undefined, { into, issues }));
}

export async function splitIssue(issue: string, keys: readonly string[]): Promise<Changed> {
  return readChanged(await ask("POST", `${BASE}/split`, undefined, { issue, keys }));
}

export async function getMembers(): Promise<readonly Member[]> {
  return readMembers(await ask("GET", `${BASE}/members`));
}
