/**
 * What the server says, checked: JSON values to typed ones.
 *
 * In: parsed JSON. Out: `Event`, `Page`, `Session`, `Step`.
 * Promise: a value of the wrong shape is a `ShapeError` here, never an `undefined` on the screen.
 */

/** The text fields an event may lack, in the order they are shown. */
export const TEXT_FIELDS = [
  "application",
  "category",
  "user",
  "host",
  "environment",
  "release",
  "trace_id",
  "span_id",
  "template",
  "exception",
  "stack_trace",
] as const;

export type TextField = (typeof TEXT_FIELDS)[number];

export interface Event extends Readonly<Record<TextField, string | null>> {
  readonly id: string;
  readonly timestamp: string;
  readonly received_at: string;
  readonly severity: number;
  readonly message: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly protocol: string;
  readonly issue: string | null;
  /** Newer events sort higher as text: the time with nine fraction digits, then the id. */
  readonly sort: string;
}

export interface Page {
  readonly events: readonly Event[];
  readonly next: string | null;
  readonly previous: string | null;
  readonly hint: Hint | null;
  /** How a sign of the search was read that is none of the language. */
  readonly notice: string | null;
  readonly elapsed_ms: number;
  readonly rows_read: number;
}

/** Why nothing was found, perhaps; `q` is the search that may be meant. */
export interface Hint {
  readonly text: string;
  readonly q: string | null;
  /** Other readings of the search, and how many events they find. */
  readonly offers: readonly Offer[];
}

export interface Offer {
  readonly q: string;
  readonly count: number;
}

/** One delivery of the live tail; events are oldest first. */
export interface Step {
  readonly events: readonly Event[];
  readonly skipped: number;
}

export interface Session {
  readonly email: string;
  readonly workspace: string;
  readonly version: string;
  readonly role: string;
}

/** What the server says when it refuses; `position` and `length` count characters of the search. */
export interface Refusal {
  readonly message: string;
  readonly position: number | null;
  readonly length: number | null;
}

export class ShapeError extends Error {
  override name = "ShapeError";
}

type Members = Record<string, unknown>;

export function readHint(value: unknown): Hint | null {
  if (value === null || value === undefined) return null;
  const hint = members(value, "hint");
  const offers = list(hint.offers, "offers").map((each) => {
    const offer = members(each, "offer");
    return { q: text(offer.q, "offer"), count: numberOrZero(offer.count) };
  });
  return { text: textOrNull(hint.text) ?? "", q: textOrNull(hint.q), offers };
}

export function readPage(value: unknown): Page {
  const page = members(value, "page");
  return {
    events: list(page.events, "events").map(readEvent),
    next: textOrNull(page.next),
    previous: textOrNull(page.previous),
    hint: readHint(page.hint),
    notice: textOrNull(page.notice),
    elapsed_ms: numberOrZero(page.elapsed_ms),
    rows_read: numberOrZero(page.rows_read),
  };
}

export function readStep(value: unknown): Step {
  const step = members(value, "step");
  return { events: list(step.events, "events").map(readEvent), skipped: numberOrZero(step.skipped) };
}

export function readEvent(value: unknown): Event {
  const event = members(value, "event");
  const texts = Object.fromEntries(TEXT_FIELDS.map((field) => [field, textOrNull(event[field])])) as Record<
    TextField,
    string | null
  >;
  const id = text(event.id, "id");
  const timestamp = text(event.timestamp, "timestamp");
  return {
    ...texts,
    id,
    timestamp,
    received_at: textOrNull(event.received_at) ?? timestamp,
    severity: numberOrZero(event.severity),
    message: textOrNull(event.message) ?? "",
    properties: isMembers(event.properties) ? event.properties : {},
    protocol: textOrNull(event.protocol) ?? "",
    issue: event.issue ? String(event.issue) : null,
    sort: sortOf(timestamp, id),
  };
}

export function readSession(value: unknown): Session {
  const session = members(value, "session");
  return {
    email: textOrNull(session.email) ?? "",
    workspace: textOrNull(session.workspace) ?? "",
    version: textOrNull(session.version) ?? "",
    role: textOrNull(session.role) ?? "",
  };
}

export function readRefusal(value: unknown): Refusal | null {
  const error = isMembers(value) ? value.error : null;
  if (!isMembers(error) || typeof error.message !== "string") return null;
  return {
    message: error.message,
    position: typeof error.position === "number" ? error.position : null,
    length: typeof error.length === "number" ? error.length : null,
  };
}

/** Ids have up to 20 digits; times have 0 to 9 digits behind the point. */
export function sortOf(timestamp: string, id: string): string {
  const [seconds = "", fraction = ""] = timestamp.replace(/Z$/, "").split(".");
  return `${seconds}.${fraction.padEnd(9, "0")}/${id.padStart(20, "0")}`;
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function members(value: unknown, what: string): Members {
  if (!isMembers(value)) throw new ShapeError(`The server's ${what} is not an object.`);
  return value;
}

export function list(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new ShapeError(`The server's ${what} is not a list.`);
  return value;
}

export function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw new ShapeError(`The server's ${what} is not text.`);
  return value;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function numberOrZero(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
