/**
 * The cells of a table of numbers, as people read them and as conditions on events.
 *
 * In: columns and rows of an answer. Out: text, pairs of a field and its value, and a search for them.
 */
import type { Cell, Column, Stats } from "../api/answers";
import { withValue } from "../state/choices";
import { withoutField } from "../state/clauses";
import { renderGroup } from "../state/numbers";
import { type Zone, renderDate } from "../ui/time";
import { longNumber } from "./scale";

/** The groups of a row as conditions; a group without a value is an empty field. */
export type Conditions = readonly (readonly [field: string, value: string])[];

export function renderCell(cell: Cell, column: Column | undefined, zone: Zone): string {
  if (column?.kind === "time" && typeof cell === "string") return renderDate(cell, zone);
  if (column?.role === "group") return renderGroup(cell);
  if (cell === null) return "–";
  return typeof cell === "number" ? longNumber(cell) : cell;
}

export function conditionsOf(stats: Stats, row: readonly Cell[]): Conditions {
  return stats.columns.flatMap(({ name, role }, at) =>
    role === "group" ? [[name, String(row[at] ?? "")] as const] : [],
  );
}

/** A search for the events of a row. */
export function withConditions(text: string, conditions: Conditions): string {
  return conditions.reduce(
    (search, [field, value]) =>
      value === "" ? withoutField(search, field) : withValue(search, field, value, false),
    text,
  );
}
