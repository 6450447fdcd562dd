/**
 * One function per endpoint of the server.
 *
 * In: plain arguments. Out: checked values (`shapes.ts`).
 * Promise: every failure is an `ApiError` (the server refused), an `OfflineError` (nobody answered)
 * or a `ShapeError`; whoever is logged out is taken to the log-in page.
 */
import { parseJson } from "./json";
import {
  type Event,
  type Page,
  type Refusal,
  type Session,
  readEvent,
  readPage,
  readRefusal,
  readSession,
} from "./shapes";

export interface EventsQuestion {
  readonly text: string;
  readonly since: string | null;
  readonly until: string | null;
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

export async function getSession(): Promise<Session> {
  return readSession(await ask("GET", "/api/v1/session"));
}

export async function getEvents(question: EventsQuestion, signal?: AbortSignal): Promise<Page> {
  const parameters = parametersOf({
    q: question.text,
    since: question.since,
    until: question.until,
    limit: String(question.limit),
    before: question.before,
  });
  return readPage(await ask("GET", `/api/v1/events?${parameters}`, signal));
}

export async function getEvent(id: string, signal?: AbortSignal): Promise<Event> {
  return readEvent(await ask("GET", `/api/v1/events/${encodeURIComponent(id)}`, signal));
}

/** Where the live tail of a search is; `cursor` continues one that was cut. */
export function tailAddress(text: string, cursor: string | null): string {
  return `/api/v1/events/tail?${parametersOf({ q: text, cursor })}`;
}

export async function postLogout(): Promise<void> {
  await ask("POST", "/logout");
  location.assign("/login");
}

export function goToLogin(): void {
  const here = location.pathname + location.search;
  location.assign(`/login?next=${encodeURIComponent(here)}`);
}

async function ask(method: "GET" | "POST", path: string, signal?: AbortSignal): Promise<unknown> {
  const response = await send(method, path, signal);
  const body = await response.text();
  if (response.status === 401) goToLogin();
  const value = parseBody(body);
  if (response.ok) return value;
  throw new ApiError(response.status, readRefusal(value) ?? refusalOf(response));
}

async function send(method: string, path: string, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrfToken(document.cookie);
  try {
    return await fetch(path, { method, headers, signal: signal ?? null });
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

function parametersOf(values: Record<string, string | null>): URLSearchParams {
  const given = Object.entries(values).filter((pair): pair is [string, string] => !!pair[1]);
  return new URLSearchParams(given);
}
