/**
 * One function per endpoint of the server.
 *
 * In: plain arguments. Out: checked values (`shapes.ts`).
 * Promise: every failure is an `ApiError` (the server refused), an `OfflineError` (nobody answered)
 * or a `ShapeError`; whoever is logged out is taken to the log-in page.
 */
import {
  type Completion,
  type Context,
  type Facet,
  type FieldInfo,
  type Histogram,
  type Patterns,
  type Release,
  type SavedSearch,
  type SearchDraft,
  type Stats,
  readCompletion,
  readContext,
  readFacets,
  readFields,
  readHistogram,
  readHistory,
  readPatterns,
  readReleases,
  readSearch,
  readSearches,
  readStats,
} from "./answers";
import { comeback } from "./comeback.svelte";
import { linkTo, pathOf } from "../root";
import { parseJson } from "./json";
import {
  type WholeEvent,
  type Page,
  type Refusal,
  type Session,
  readWholeEvent,
  readPage,
  readRefusal,
  readSession,
} from "./shapes";

/** Which events a question is about; `zone` is whose clocks times in its text are of. */
export interface Scope {
  readonly text: string;
  readonly zone: string;
  readonly since: string | null;
  readonly until: string | null;
}

export interface EventsQuestion extends Scope {
  readonly limit: number;
  readonly before: string | null;
}

export class ApiError extends Error {
  override name = "ApiError";
  constructor(
    readonly status: number,
    readonly refusal: Refusal,
  ) {
    super(refusal.message);
  }
}

export class OfflineError extends Error {
  override name = "OfflineError";
}

/** A proxy, or the server itself, says that there is nobody behind it now. */
const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);

/** Whether the same question may well be answered a little later. */
export function isAway(error: unknown): boolean {
  return error instanceof OfflineError || (error instanceof ApiError && AWAY.has(error.status));
}

export async function getSession(): Promise<Session> {
  return readSession(await ask("GET", "/api/v1/session"));
}

export async function getEvents(question: EventsQuestion, signal?: AbortSignal): Promise<Page> {
  const { limit, before } = question;
  // Rows show no frames: they would be half of the answer.
  const parameters = scoped(question, { limit: String(limit), before, exceptions: "false" });
  return readPage(await ask("GET", `/api/v1/events?${parameters}`, signal));
}

export async function getEvent(id: string, signal?: AbortSignal): Promise<WholeEvent> {
  return readWholeEvent(await ask("GET", `/api/v1/events/${encodeURIComponent(id)}`, signal));
}

/** Where the live tail of a search is; `cursor` continues one that was cut. */
export function tailAddress(text: string, zone: string, cursor: string | null): string {
  return linkTo(`/api/v1/events/tail?${parametersOf({ q: text, zone: unusual(zone), cursor })}`);
}

export async function getHistogram(scope: Scope, buckets: number, signal?: AbortSignal): Promise<Histogram> {
  const parameters = scoped(scope, { buckets: String(buckets) });
  return readHistogram(await ask("GET", `/api/v1/histogram?${parameters}`, signal));
}

export async function getFacets(
  scope: Scope,
  fields: readonly string[],
  signal?: AbortSignal,
  limit?: number,
  holding = "",
): Promise<readonly Facet[]> {
  const parameters = scoped(scope, { limit: limit ? String(limit) : null, holding });
  for (const field of fields) parameters.append("field", field);
  return readFacets(await ask("GET", `/api/v1/facets?${parameters}`, signal));
}

export async function getFields(scope: Scope, signal?: AbortSignal): Promise<readonly FieldInfo[]> {
  return readFields(await ask("GET", `/api/v1/fields?${scoped(scope)}`, signal));
}

export async function getReleases(scope: Scope, signal?: AbortSignal): Promise<readonly Release[]> {
  return readReleases(await ask("GET", `/api/v1/releases?${scoped(scope)}`, signal));
}

/** Unless it `canSuggest`, nobody looks for what else may be meant: a dashboard asks too often. */
export async function getPatterns(scope: Scope, signal?: AbortSignal, canSuggest = true): Promise<Patterns> {
  const parameters = scoped(scope, { hint: canSuggest ? null : "false" });
  return readPatterns(await ask("GET", `/api/v1/patterns?${parameters}`, signal));
}

export async function getContext(id: string, shared: string, signal?: AbortSignal): Promise<Context> {
  const path = `/api/v1/context/${encodeURIComponent(id)}?${parametersOf({ scope: shared })}`;
  return readContext(await ask("GET", path, signal));
}

/** `canSuggest` as for patterns. */
export async function getStats(scope: Scope, signal?: AbortSignal, canSuggest = true): Promise<Stats> {
  const parameters = scoped(scope, { hint: canSuggest ? null : "false" });
  return readStats(await ask("GET", `/api/v1/stats?${parameters}`, signal));
}

/** `cursor` counts characters, as the server does. */
export async function getCompletion(text: string, cursor: number, signal?: AbortSignal): Promise<Completion> {
  const parameters = new URLSearchParams({ q: text, cursor: String(cursor) });
  return readCompletion(await ask("GET", `/api/v1/complete?${parameters}`, signal));
}

/** Where the file is; a browser that follows it saves it. */
export function exportAddress(scope: Scope, format: string, columns: readonly string[]): string {
  const parameters = scoped(scope, { format });
  for (const column of columns) parameters.append("column", column);
  return linkTo(`/api/v1/export?${parameters}`);
}

export async function getSearches(): Promise<readonly SavedSearch[]> {
  return readSearches(await ask("GET", "/api/v1/searches"));
}

export async function postSearch(draft: SearchDraft): Promise<SavedSearch> {
  return readSearch(await ask("POST", "/api/v1/searches", undefined, draft));
}

/** Replaces what is kept; whose it is stays. */
export async function putSearch(id: number, draft: SearchDraft): Promise<SavedSearch> {
  return readSearch(await ask("PUT", `/api/v1/searches/${id}`, undefined, draft));
}

export async function deleteSearch(id: number): Promise<void> {
  await ask("DELETE", `/api/v1/searches/${id}`);
}

export async function getHistory(): Promise<readonly string[]> {
  return readHistory(await ask("GET", "/api/v1/history"));
}

export async function postHistory(text: string): Promise<void> {
  await ask("POST", "/api/v1/history", undefined, { q: text });
}

export async function deleteHistory(): Promise<void> {
  await ask("DELETE", "/api/v1/history");
}

export async function postLogout(): Promise<void> {
  await ask("POST", "/logout");
  location.assign(linkTo("/login"));
}

export function goToLogin(): void {
  const here = pathOf(location.pathname) + location.search;
  location.assign(linkTo(`/login?next=${encodeURIComponent(here)}`));
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** For the functions of other pages too. */
export async function ask(
  method: Method,
  path: string,
  signal?: AbortSignal,
  body?: object,
): Promise<unknown> {
  const [response, answer] = await send(method, path, signal, body);
  if (response.status === 401) goToLogin();
  const value = parseBody(answer);
  if (response.ok) return value;
  throw new ApiError(response.status, readRefusal(value) ?? refusalOf(response));
}

async function send(
  method: Method,
  path: string,
  signal?: AbortSignal,
  body?: object,
): Promise<readonly [Response, string]> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrfToken(document.cookie);
  if (body) headers["Content-Type"] = "application/json";
  const content = body ? JSON.stringify(body) : null;
  try {
    const response = await fetch(linkTo(path), { method, headers, body: content, signal: signal ?? null });
    const answer = await response.text();
    if (!AWAY.has(response.status)) comeback.reached();
    return [response, answer];
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new OfflineError("The server cannot be reached.");
  }
}

/** The token the server put into a cookie, to be said again in a header. */
export function csrfToken(cookies: string): string {
  const pair = cookies.split("; ").find((cookie) => cookie.startsWith("csrftoken="));
  return pair ? decodeURIComponent(pair.slice("csrftoken=".length)) : "";
}

function parseBody(body: string): unknown {
  try {
    return body ? parseJson(body) : null;
  } catch {
    return null; // A proxy's error page; the status says enough.
  }
}

function refusalOf(response: Response): Refusal {
  const message = `The server answered ${response.status} ${response.statusText}`.trim();
  return { message: `${message}.`, position: null, length: null };
}

function scoped(
  { text, zone, since, until }: Scope,
  more: Record<string, string | null> = {},
): URLSearchParams {
  return parametersOf({ q: text, zone: unusual(zone), since, until, ...more });
}

/** The server's own zone is not said. */
function unusual(zone: string): string | null {
  return zone === "UTC" ? null : zone;
}

function parametersOf(values: Record<string, string | null>): URLSearchParams {
  const given = Object.entries(values).filter((pair): pair is [string, string] => !!pair[1]);
  return new URLSearchParams(given);
}
