/**
 * What a new dashboard begins with.
 *
 * In: nothing. Out: documents. Promise: every question of the overview is answered on any data.
 */
import { type Document, FORMAT, type Kind, type Tile } from "./shapes";

export const EMPTY: Document = {
  format: FORMAT,
  name: "New dashboard",
  since: "24h",
  until: "",
  refresh_s: 0,
  variables: [],
  tiles: [],
};

/** Charts in one click. */
export const OVERVIEW: Document = {
  ...EMPTY,
  name: "Overview",
  refresh_s: 60,
  variables: [{ name: "application", field: "application", values: [], is_multiple: true }],
  tiles: [
    tile("number", "Events", "application:$application | count", [0, 0, 3, 3]),
    tile("number", "Errors", "severity>=error application:$application | count", [0, 3, 3, 3]),
    tile("bar", "Events by severity", "application:$application", [3, 0, 9, 6]),
    tile(
      "top",
      "Errors by application",
      "severity>=error application:$application | top 10 application",
      [0, 6, 6, 6],
    ),
    tile("top", "Top users", "has:user application:$application | top 10 user", [6, 6, 6, 6]),
    tile("patterns", "Newest patterns", "application:$application", [0, 12, 12, 8]),
  ],
};

/** What a tile has when it is added. */
export const SIZES: Readonly<Record<Kind, readonly [w: number, h: number]>> = {
  line: [6, 6],
  bar: [6, 6],
  number: [3, 3],
  top: [4, 6],
  table: [6, 6],
  patterns: [12, 8],
};

function tile(
  kind: Kind,
  title: string,
  q: string,
  [x, y, w, h]: readonly [number, number, number, number],
): Tile {
  return { kind, title, q, x, y, w, h };
}
