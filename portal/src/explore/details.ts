/**
 * What an SDK sends beside an event, read for people: crumbs, the code of frames, the request.
 *
 * In: the details of an event, as the client sent them. Out: typed pieces; what has another form
 * than is known is left out here, and stays in the raw details.
 * Promise: any value is read without an error, and at most so many pieces of it.
 */
import { isMembers } from "../api/values";

type Members = Readonly<Record<string, unknown>>;

/** More of a list nobody reads; the raw details have them all. */
const MAX_CRUMBS = 200;
const MAX_FRAMES = 200;
const MAX_RAISED = 20;

export interface Crumb {
  /** As ISO text, or "". */
  readonly at: string;
  readonly category: string;
  readonly level: string;
  readonly message: string;
  readonly data: Members | null;
}

/** A frame with its code or its variables. */
export interface CodeFrame {
  readonly name: string;
  readonly place: string;
  readonly isOwn: boolean;
  /** Number and text of each line; the one that was running is marked. */
  readonly lines: readonly {
    readonly number: number | null;
    readonly text: string;
    readonly isIt: boolean;
  }[];
  readonly variables: Members | null;
}

export interface Raised {
  readonly name: string;
  readonly frames: readonly CodeFrame[];
}

export interface RequestSeen {
  readonly method: string;
  readonly url: string;
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  /** The body, as text or as what it was read to. */
  readonly data: unknown;
}

/** The oldest first, as they happened; of too many the newest. */
export function crumbsOf(details: Members): readonly Crumb[] {
  return listIn(details.breadcrumbs).slice(-MAX_CRUMBS).filter(isMembers).map(crumbOf);
}

function crumbOf(crumb: Members): Crumb {
  return {
    at: instantOf(crumb.timestamp),
    category: textOf(crumb.category) || textOf(crumb.type),
    level: textOf(crumb.level),
    message: textOf(crumb.message),
    data: isMembers(crumb.data) && Object.keys(crumb.data).length ? crumb.data : null,
  };
}

/** Seconds since 1970, or ISO text. */
function instantOf(value: unknown): string {
  const ms = typeof value === "number" ? value * 1000 : Date.parse(textOf(value));
  return Number.isFinite(ms) && Math.abs(ms) < 8e15 ? new Date(ms).toISOString() : "";
}

/** The outermost exception first, the frame nearest the throw first; none without code. */
export function codeOf(details: Members): readonly Raised[] {
  const values = listIn(details.exception).filter(isMembers).slice(-MAX_RAISED).toReversed();
  return values
    .map((raised) => ({ name: nameOf(raised), frames: framesOf(raised.stacktrace) }))
    .filter(({ frames }) => frames.length > 0);
}

function nameOf(raised: Members): string {
  return [textOf(raised.type), textOf(raised.value)].filter(Boolean).join(": ");
}

function framesOf(stack: unknown): readonly CodeFrame[] {
  const frames = isMembers(stack) ? listIn(stack.frames) : [];
  return frames
    .filter(isMembers)
    .slice(-MAX_FRAMES)
    .toReversed()
    .map(frameOf)
    .filter(({ lines, variables }) => lines.length > 0 || variables !== null);
}

function frameOf(frame: Members): CodeFrame {
  const number = typeof frame.lineno === "number" ? frame.lineno : null;
  const file = textOf(frame.filename) || textOf(frame.abs_path);
  const before = linesOf(frame.pre_context);
  const line = textOf(frame.context_line);
  const all = line
    ? [...before, line, ...linesOf(frame.post_context)].map((text, at) => ({
        number: number === null ? null : number - before.length + at,
        text,
        isIt: at === before.length,
      }))
    : [];
  return {
    name: textOf(frame.function) || "?",
    place: number === null ? file : `${file}:${number}`,
    isOwn: frame.in_app !== false,
    lines: all,
    variables: isMembers(frame.vars) && Object.keys(frame.vars).length ? frame.vars : null,
  };
}

function linesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.slice(0, 20).map(textOf) : [];
}

/** The request that was being answered; null without an address. */
export function requestOf(details: Members): RequestSeen | null {
  const { request } = details;
  if (!isMembers(request) || !textOf(request.url)) return null;
  const { headers, query_string } = request;
  return {
    method: textOf(request.method) || "GET",
    url: textOf(request.url),
    query:
      typeof query_string === "string" ? query_string : new URLSearchParams(pairsOf(query_string)).toString(),
    headers: pairsOf(headers),
    data: request.data ?? null,
  };
}

/** Members, or a list of pairs. */
function pairsOf(value: unknown): [string, string][] {
  if (isMembers(value)) return Object.entries(value).map(([name, each]) => [name, textOf(each)]);
  if (!Array.isArray(value)) return [];
  return value
    .filter((pair): pair is unknown[] => Array.isArray(pair) && pair.length === 2)
    .map(([name, each]) => [textOf(name), textOf(each)]);
}

/** A list, or a list as the member `values`. */
function listIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isMembers(value) && Array.isArray(value.values) ? value.values : [];
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value === null || value === undefined || typeof value === "object" ? "" : String(value);
}
