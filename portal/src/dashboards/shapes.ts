/**
 * Dashboards as the server keeps them and as files have them, checked.
 *
 * In: parsed JSON. Out: `Dashboard`, `Summary`. Promise: as of `api/shapes.ts`.
 */
import { list, members, numberOrZero, text, textOrNull } from "../api/values";
import type { Place } from "./layout";

export const FORMAT = "logster-dashboard/1";

/** In the order they are offered. */
export const KINDS = [
  { kind: "line", label: "Lines", icon: "line" },
  { kind: "bar", label: "Bars", icon: "bar" },
  { kind: "number", label: "Number", icon: "number" },
  { kind: "top", label: "Top list", icon: "group" },
  { kind: "table", label: "Table", icon: "table" },
  { kind: "patterns", label: "Patterns", icon: "shapes" },
] as const;
export type Kind = (typeof KINDS)[number]["kind"];

/** Seconds between two askings of everything that is seen; 0: never. */
export const REFRESHES = [
  { refresh_s: 0, label: "Off" },
  { refresh_s: 10, label: "10 s" },
  { refresh_s: 60, label: "1 min" },
  { refresh_s: 300, label: "5 min" },
] as const;

export interface Tile extends Place {
  readonly kind: Kind;
  readonly title: string;
  readonly q: string;
}

/** Without a title a tile is called like its kind. */
export function nameOf({ title, kind: own }: Pick<Tile, "title" | "kind">): string {
  return title || KINDS.find(({ kind }) => kind === own)?.label || "";
}

/** `values`: those it has until somebody chooses; none: no condition. */
export interface Variable {
  readonly name: string;
  readonly field: string;
  readonly values: readonly string[];
  readonly is_multiple: boolean;
}

/** What an exported file holds, and what is sent to be kept. */
export interface Document {
  readonly format: string;
  readonly name: string;
  readonly since: string;
  readonly until: string;
  readonly refresh_s: number;
  readonly variables: readonly Variable[];
  readonly tiles: readonly Tile[];
}

/** A file, whatever it holds: the server says what is wrong with it. */
export type Order = Document & { readonly is_shared?: boolean };

export interface Summary {
  readonly id: number;
  readonly name: string;
  readonly is_shared: boolean;
  readonly owner: string;
  readonly can_change: boolean;
  readonly version: number;
  readonly changed_at: string;
}

export interface Dashboard extends Summary, Document {}

export function readSummaries(value: unknown): readonly Summary[] {
  return list(members(value, "dashboards").dashboards, "dashboards").map(readSummary);
}

function readSummary(value: unknown): Summary {
  const kept = members(value, "dashboard");
  return {
    id: numberOrZero(kept.id),
    name: text(kept.name, "dashboard's name"),
    is_shared: kept.is_shared === true,
    owner: textOrNull(kept.owner) ?? "",
    can_change: kept.can_change === true,
    version: numberOrZero(kept.version),
    changed_at: textOrNull(kept.changed_at) ?? "",
  };
}

export function readDashboard(value: unknown): Dashboard {
  const kept = members(value, "dashboard");
  return {
    ...readSummary(kept),
    format: text(kept.format, "format"),
    since: textOrNull(kept.since) ?? "",
    until: textOrNull(kept.until) ?? "",
    refresh_s: numberOrZero(kept.refresh_s),
    variables: list(kept.variables, "variables").map(readVariable),
    tiles: list(kept.tiles, "tiles").map(readTile),
  };
}

function readVariable(value: unknown): Variable {
  const variable = members(value, "variable");
  return {
    name: text(variable.name, "variable's name"),
    field: text(variable.field, "variable's field"),
    values: list(variable.values, "values").map((each) => text(each, "value")),
    is_multiple: variable.is_multiple === true,
  };
}

function readTile(value: unknown): Tile {
  const tile = members(value, "tile");
  return {
    // A kind of a later server is at least a table.
    kind: KINDS.find(({ kind }) => kind === tile.kind)?.kind ?? "table",
    title: textOrNull(tile.title) ?? "",
    q: text(tile.q, "tile's question"),
    x: numberOrZero(tile.x),
    y: numberOrZero(tile.y),
    w: numberOrZero(tile.w),
    h: numberOrZero(tile.h),
  };
}

/** A question with values for its names; or what is wrong with those, at a place in the text that was sent. */
export interface Bound {
  readonly question: string;
  readonly mistake: Mistake | null;
}

export interface Mistake {
  readonly message: string;
  readonly position: number;
  readonly length: number;
}

export function readQuestions(value: unknown): readonly Bound[] {
  const answer = members(value, "answer");
  const mistakes = list(answer.mistakes, "mistakes").map(readMistake);
  return list(answer.questions, "questions").map((each, at) => ({
    question: text(each, "question"),
    mistake: mistakes[at] ?? null,
  }));
}

function readMistake(value: unknown): Mistake | null {
  if (value === null) return null;
  const mistake = members(value, "mistake");
  return {
    message: text(mistake.message, "mistake"),
    position: numberOrZero(mistake.position),
    length: numberOrZero(mistake.length),
  };
}

/** The document in a dashboard, member by member: nothing else goes into a file. */
export function documentOf(board: Document): Document {
  const { name, since, until, refresh_s, variables, tiles } = board;
  return { format: FORMAT, name, since, until, refresh_s, variables, tiles: tiles.map(plainTile) };
}

function plainTile({ kind, title, q, x, y, w, h }: Tile): Tile {
  return { kind, title, q, x, y, w, h };
}
