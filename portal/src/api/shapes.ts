/**
 * What the server says, checked: JSON values to typed ones.
 *
 * In: parsed JSON. Out: `Event`, `Page`, `Session`, `Step`.
 * Promise: a value of the wrong shape is a `ShapeError` here, never an `undefined` on the screen.
 *
 * Members of what the server says or is told are called as the server calls them, in snake_case, in
 * `shapes` and `answers`; whatever the portal itself names is in camelCase. eslint sees to both.
 */
import { isMembers, list, members, numberOrNull, numberOrZero, text, textOrNull } from "./values";

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

/** With what is shown of one event, and neither searched nor listed. */
export interface WholeEvent extends Event {
  readonly details: Readonly<Record<string, unknown>> | null;
  /** The outermost first. */
  readonly exceptions: readonly Exception[];
}

/** How an exception belongs to its parent. */
export type Relation = "cause" | "context" | "member";

/** What was raised; null where nothing says it. `parent` is an index of the same list. */
export interface Exception {
  readonly type: string | null;
  readonly message: string | null;
  /** The one nearest the throw first. */
  readonly frames: readonly Frame[];
  readonly parent: number | null;
  readonly relation: Relation | null;
}

/** A place in a program; `in_app` is whether it is its own code, and no library's. */
export interface Frame {
  readonly function: string | null;
  readonly module: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly in_app: boolean;
}

export interface Page {
  readonly events: readonly Event[];
  readonly next: string | null;
  readonly previous: string | null;
  readonly hint: Suggestion | null;
  /** How a sign of the search was read that is none of the language. */
  readonly notice: string | null;
  readonly elapsed_ms: number;
  readonly rows_read: number;
}

/** Why nothing was found, perhaps; `q` is the search that may be meant. The server's word is hint. */
export interface Suggestion {
  readonly text: string;
  readonly q: string | null;
  readonly offers: readonly Reading[];
}

/** Another reading of the search, and how many events it finds. */
export interface Reading {
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

export function readSuggestion(value: unknown): Suggestion | null {
  if (value === null || value === undefined) return null;
  const found = members(value, "hint");
  const offers = list(found.offers, "offers").map((each) => {
    const reading = members(each, "offer");
    return { q: text(reading.q, "offer"), count: numberOrZero(reading.count) };
  });
  return { text: textOrNull(found.text) ?? "", q: textOrNull(found.q), offers };
}

export function readPage(value: unknown): Page {
  const page = members(value, "page");
  return {
    events: list(page.events, "events").map(readEvent),
    next: textOrNull(page.next),
    previous: textOrNull(page.previous),
    hint: readSuggestion(page.hint),
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

export function readWholeEvent(value: unknown): WholeEvent {
  const { details, exceptions } = members(value, "event");
  return {
    ...readEvent(value),
    details: isMembers(details) ? details : null,
    exceptions: list(exceptions, "exceptions").map(readException),
  };
}

function readException(value: unknown): Exception {
  const exception = members(value, "exception");
  return {
    type: textOrNull(exception.type),
    message: textOrNull(exception.message),
    frames: list(exception.frames, "frames").map(readFrame),
    parent: numberOrNull(exception.parent),
    relation: relationOf(exception.relation),
  };
}

/** One that a newer server knows is a cause to this portal. */
function relationOf(value: unknown): Relation | null {
  if (value === "context" || value === "member") return value;
  return typeof value === "string" ? "cause" : null;
}

function readFrame(value: unknown): Frame {
  const frame = members(value, "frame");
  return {
    function: textOrNull(frame.function),
    module: textOrNull(frame.module),
    file: textOrNull(frame.file),
    line: numberOrNull(frame.line),
    column: numberOrNull(frame.column),
    in_app: frame.in_app !== false,
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
