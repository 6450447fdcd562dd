/**
 * The address bar of the dashboards: which one, its time, its variables, how it is looked at.
 *
 * In: path and query. Out: `BoardAddress`, and back.
 * Promise: `parseAddress(renderAddress(a))` is `a`; what the dashboard itself says is not written.
 */
import { linkTo, pathOf } from "../root";
import { type Range, parseRange, renderRange } from "../state/range";
import { KINDS, type Kind } from "./shapes";

/** A question on its way to a dashboard, from the explorer. */
export interface Addition {
  readonly q: string;
  readonly kind: Kind;
}

export interface BoardAddress {
  /** null: all of them. */
  readonly id: number | null;
  /** null: as the dashboard says. */
  readonly range: Range | null;
  /** What was chosen; a name that is not here has the dashboard's own values. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  readonly isFull: boolean;
  readonly isEditing: boolean;
  readonly addition: Addition | null;
}

const PATH = /^\/dashboards\/(\d{1,15})\/?$/;
const VALUE_MARK = "var.";

export function parseAddress(path: string, query: string): BoardAddress {
  const parameters = new URLSearchParams(query);
  const id = PATH.exec(pathOf(path))?.[1];
  const names = [...parameters.keys()].filter((name) => name.startsWith(VALUE_MARK));
  const added = parameters.get("add");
  return {
    id: id ? Number(id) : null,
    range: parameters.has("range") ? parseRange(parameters.get("range")) : null,
    values: Object.fromEntries(
      names.map((name) => [name.slice(VALUE_MARK.length), parameters.getAll(name).filter(Boolean)]),
    ),
    isFull: parameters.get("full") === "1",
    isEditing: parameters.get("edit") === "1",
    addition:
      added === null
        ? null
        : { q: added, kind: KINDS.find(({ kind }) => kind === parameters.get("kind"))?.kind ?? "table" },
  };
}

export function renderAddress(address: BoardAddress): string {
  const parameters = new URLSearchParams();
  if (address.range) parameters.set("range", renderRange(address.range));
  for (const [name, values] of Object.entries(address.values))
    // No value at all is a choice too.
    for (const value of values.length ? values : [""]) parameters.append(VALUE_MARK + name, value);
  if (address.isFull) parameters.set("full", "1");
  if (address.isEditing) parameters.set("edit", "1");
  if (address.addition) {
    parameters.set("add", address.addition.q);
    parameters.set("kind", address.addition.kind);
  }
  const query = parameters.toString();
  const path = linkTo(address.id === null ? "/dashboards" : `/dashboards/${address.id}`);
  return path + (query ? `?${query}` : "");
}
