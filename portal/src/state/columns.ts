/**
 * Columns of the list: which value of an event stands in them.
 *
 * In: an event and a name as the search writes it. Out: text, "" where there is none.
 */
import { LongNumber } from "../api/json";
import type { Event } from "../api/shapes";

export const DEFAULT_COLUMNS: readonly string[] = ["application"];

/** Fields that can be a column; time, severity and message always are. */
export const COLUMN_FIELDS = [
  "application",
  "category",
  "user",
  "host",
  "environment",
  "release",
  "trace_id",
  "span_id",
  "protocol",
  "exception",
] as const;

const FIELDS: ReadonlySet<string> = new Set([...COLUMN_FIELDS, "id", "issue", "template", "received_at"]);

export function valueOf(event: Event, column: string): string {
  if (FIELDS.has(column)) {
    const value = event[column as keyof Event];
    return typeof value === "string" ? value : "";
  }
  const name = column.replace(/^properties\./, "").replace(/^"(.*)"$/, "$1");
  return renderValue(propertyAt(event.properties, name));
}

/** A name with the dot in it comes first, as in the search. */
function propertyAt(properties: object, name: string): unknown {
  if (Object.hasOwn(properties, name)) return (properties as Record<string, unknown>)[name];
  for (let dot = name.lastIndexOf("."); dot > 0; dot = name.lastIndexOf(".", dot - 1)) {
    const inner = (properties as Record<string, unknown>)[name.slice(0, dot)];
    if (typeof inner === "object" && inner !== null) return propertyAt(inner, name.slice(dot + 1));
  }
  return undefined;
}

function renderValue(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "object" && !(value instanceof LongNumber)) return JSON.stringify(value);
  return String(value);
}
