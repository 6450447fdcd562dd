/**
 * Values of a field that the search text chooses or excludes: read from it, and changed in it.
 *
 * In: a search text, a field, a value. Out: what is said about the value, or the new text.
 * Promise: several values of a field are one condition, `user:(alice, bob)`, and what is excluded
 * another; however they were typed before, a change gathers them. Only what must hold by itself is
 * read (the server counts the field without exactly these): not what stands in other groups.
 */
import { SEVERITIES } from "../ui/severity";
import {
  type Clause,
  appendClause,
  cutValue,
  editFilter,
  isCut,
  isField,
  quoteName,
  quoteValue,
  splitClauses,
  unquote,
} from "./clauses";

/** One of the values as it is typed; `value` is null where it is a pattern or a range. */
interface Item {
  readonly raw: string;
  readonly value: string | null;
}

/** Where the text says something about values of one field, and what. */
interface Condition {
  readonly field: string;
  readonly items: readonly Item[];
  readonly isOut: boolean;
  readonly start: number;
  readonly end: number;
}

export interface Choices {
  readonly chosen: readonly string[];
  readonly excluded: readonly string[];
}

const HEAD =
  /("(?:\\.|[^"\\])*"|[\p{L}_@$](?:[\p{L}\p{N}_.@$/-]*[\p{L}\p{N}_])?)(\s*:?!=\s*|\s*==?\s*|:(?=\S)(?!:|\/\/))/uy;
const ITEM = /\/(?:\\.|[^/\\])+\/i?(?=[\s),]|$)|(?:\*?"(?:\\.|[^"\\])*")+\*?|[^\s,()"]+/gu;
const QUOTED = /^"(?:\\.|[^"\\])*"$/;

/** What the text says about values of the field. */
export function choicesOf(text: string, field: string): Choices {
  const found = conditionsOn(filterOf(text), field);
  return { chosen: valuesOf(found, false), excluded: valuesOf(found, true) };
}

/** Whether the text asks for this value, against it, or says nothing about it. */
export function wishFor(text: string, field: string, value: string): "in" | "out" | null {
  const { chosen, excluded } = choicesOf(text, field);
  if (excluded.includes(cutValue(value))) return "out";
  return chosen.includes(cutValue(value)) ? "in" : null;
}

/** Chooses the value beside those that are, or (`isOut`) excludes it; where something is said of it, takes that back. */
export function turnValue(text: string, field: string, value: string, isOut: boolean): string {
  const wish = wishFor(text, field, value);
  const isTakenBack = wish === "out" || (wish === "in" && !isOut);
  return editFilter(text, (filter) => {
    const found = conditionsOn(filter, field);
    const chosen = without(found, false, value);
    const excluded = without(found, true, value);
    if (!isTakenBack) (isOut ? excluded : chosen).push(quoteValue(value));
    return replace(filter, found, field, chosen, excluded);
  });
}

/** The text narrowed to events whose field has this value alone (or, `isOut`, lacks it too). */
export function withValue(text: string, field: string, value: string, isOut: boolean): string {
  if (
    wishFor(text, field, value) === (isOut ? "out" : "in") &&
    (isOut || choicesOf(text, field).chosen.length === 1)
  )
    return text;
  return editFilter(text, (filter) => {
    const found = conditionsOn(filter, field);
    const excluded = without(found, true, value);
    const chosen = isOut ? without(found, false, value) : [quoteValue(value)];
    if (isOut) excluded.push(quoteValue(value));
    return replace(filter, found, field, chosen, excluded);
  });
}

/** The text that says nothing more about values of the field. */
export function withoutChoices(text: string, field: string): string {
  return editFilter(text, (filter) => replace(filter, conditionsOn(filter, field), field, [], []));
}

function filterOf(text: string): string {
  let filter = "";
  editFilter(text, (found) => (filter = found));
  return filter;
}

function valuesOf(found: readonly Condition[], isOut: boolean): string[] {
  const items = found.filter((each) => each.isOut === isOut).flatMap((each) => each.items);
  return [...new Set(items.flatMap(({ value }) => (value === null ? [] : [value])))];
}

/** As typed, but for one value. */
function without(found: readonly Condition[], isOut: boolean, value: string): string[] {
  const items = found.filter((each) => each.isOut === isOut).flatMap((each) => each.items);
  return [...new Set(items.filter((item) => item.value !== cutValue(value)).map(({ raw }) => raw))];
}

/** Each kind stands where its first condition did, else where one of the other kind vanishes, else at the end. */
function replace(
  filter: string,
  found: readonly Condition[],
  field: string,
  chosen: readonly string[],
  excluded: readonly string[],
): string {
  const wanted = [render(field, chosen, false), render(field, excluded, true)];
  const places = [found.findIndex(({ isOut }) => !isOut), found.findIndex(({ isOut }) => isOut)];
  const standing = new Map<number, string>();
  const added: string[] = [];
  for (const kind of [0, 1]) {
    const text = wanted[kind];
    const own = places[kind] ?? -1;
    const other = places[1 - kind] ?? -1;
    const place = own >= 0 ? own : other >= 0 && !wanted[1 - kind] ? other : -1;
    if (!text) continue;
    if (place >= 0) standing.set(place, text);
    else added.push(text);
  }
  let result = filter;
  for (const [index, each] of [...found.entries()].reverse())
    result = put(result, each, standing.get(index) ?? null);
  return added.reduce(appendClause, result.trim());
}

/** An `AND` beside what goes, goes with it. */
function put(text: string, { start, end }: Condition, wanted: string | null): string {
  if (wanted) return text.slice(0, start) + wanted + text.slice(end);
  const before = text.slice(0, start);
  const after = text.slice(end);
  const isJoined = /(^|[\s)"])AND\s+$/.test(before);
  return isJoined
    ? before.replace(/AND\s+$/, "").trimEnd() + after
    : before.trimEnd() +
        (before.trim()
          ? after.replace(/^\s+AND(?=[\s("])/, "")
          : after.replace(/^\s*(AND(?=[\s("]))?\s*/, ""));
}

function render(field: string, raws: readonly string[], isOut: boolean): string | null {
  if (!raws.length) return null;
  const values = raws.length === 1 ? raws[0] : `(${raws.join(", ")})`;
  return `${isOut ? "-" : ""}${quoteName(field)}:${values}`;
}

function conditionsOn(filter: string, field: string): Condition[] {
  return conditionsIn(filter, 0).filter((each) => isField(each.field, field));
}

/** Of a part of the text that begins at `offset`. */
function conditionsIn(text: string, offset: number): Condition[] {
  const clauses = splitClauses(text);
  if (clauses.some((clause) => clause.text === "OR")) return alternativesIn(text, clauses, offset);
  const found: Condition[] = [];
  let at = 0;
  while (at < clauses.length) {
    const first = at;
    let isOut = false;
    for (; clauses[at]?.text === "NOT"; at += 1) isOut = !isOut;
    const clause = clauses[at];
    if (!clause) break;
    const read = readCondition(text, clause, offset);
    const next = read ? clauses.findIndex(({ position }) => position + offset >= read.end) : at + 1;
    at = next < 0 ? clauses.length : next;
    if (read)
      found.push({ ...read, isOut: read.isOut !== isOut, start: (clauses[first]?.position ?? 0) + offset });
  }
  return found;
}

/** `user:alice OR user:bob` is one condition, when there is nothing else. */
function alternativesIn(text: string, clauses: readonly Clause[], offset: number): Condition[] {
  const sides: Condition[][] = [];
  let from = 0;
  for (const clause of [...clauses, { text: "OR", position: text.length }]) {
    if (clause.text !== "OR") continue;
    sides.push(conditionsIn(text.slice(from, clause.position).trimEnd(), offset + from));
    from = clause.position + 2;
  }
  const [first] = sides[0] ?? [];
  const all = sides.flat();
  const isOne =
    first &&
    all.length === sides.length &&
    sides.every(
      (side) => side.length === 1 && !side[0]?.isOut && isField(side[0]?.field ?? "", first.field),
    ) &&
    all.reduce((sum, { start, end }) => sum + end - start, 0) === lengthOfSides(clauses);
  if (!isOne) return [];
  return [
    {
      field: first.field,
      items: all.flatMap(({ items }) => items),
      isOut: false,
      start: offset + (clauses[0]?.position ?? 0),
      end: offset + endOf(clauses.at(-1)),
    },
  ];
}

/** What stands between the `OR`s, without the blanks around it. */
function lengthOfSides(clauses: readonly Clause[]): number {
  let length = 0;
  let begin = -1;
  for (const [index, clause] of clauses.entries()) {
    if (clause.text === "OR") {
      if (begin >= 0) length += endOf(clauses[index - 1]) - begin;
      begin = -1;
    } else if (begin < 0) begin = clause.position;
  }
  return begin < 0 ? length : length + endOf(clauses.at(-1)) - begin;
}

function endOf(clause: Clause | undefined): number {
  return clause ? clause.position + clause.text.length : 0;
}

/** The condition that begins with the clause; blanks may stand around `!=`. */
function readCondition(text: string, clause: Clause, offset: number): Condition | null {
  const isMinus = clause.text.startsWith("-");
  const begin = clause.position + (isMinus ? 1 : 0);
  const bare = isMinus ? clause.text.slice(1) : clause.text;
  if (bare.startsWith("(") && bare.endsWith(")")) {
    const inner = bare.slice(1, -1);
    const [only, ...others] = conditionsIn(inner, offset + begin + 1);
    const isWhole = only && !others.length && only.end - only.start === inner.trim().length;
    return isWhole
      ? {
          ...only,
          isOut: only.isOut !== isMinus,
          start: offset + clause.position,
          end: offset + endOf(clause),
        }
      : null;
  }
  HEAD.lastIndex = begin;
  const head = HEAD.exec(text);
  if (!head) return null;
  const from = HEAD.lastIndex;
  const holding = splitClauses(text).find((each) => each.position <= from && from < endOf(each));
  if (!holding) return null;
  const end = endOf(holding);
  const items = readItems(text.slice(from, end), unquote(head[1] ?? ""));
  const isOut = isMinus !== (head[2] ?? "").includes("!=");
  return items && { field: head[1] ?? "", items, isOut, start: offset + clause.position, end: offset + end };
}

/** Null where it is no value and no list of them. */
function readItems(typed: string, name: string): Item[] | null {
  const isList = typed.startsWith("(");
  if (isList && !typed.endsWith(")")) return null;
  const raws = (isList ? typed.slice(1, -1) : typed).match(ITEM) ?? [];
  const items = raws.filter((raw) => raw !== "OR").map((raw) => ({ raw, value: readValue(raw, name) }));
  if (!items.length || (!isList && (items.length > 1 || items[0]?.raw !== typed || items[0]?.value === null)))
    return null;
  return items;
}

function readValue(raw: string, name: string): string | null {
  if (QUOTED.test(raw)) return unquote(raw);
  const beginning = raw.endsWith("*") && QUOTED.test(raw.slice(0, -1)) ? unquote(raw.slice(0, -1)) : "";
  if (isCut(beginning)) return beginning;
  if (/["*]|^[<>=]|^\/.*\/i?$|\.\./.test(raw)) return null;
  if (name.toLowerCase() !== "severity") return raw;
  const known = SEVERITIES.find((each) =>
    [each.name.toLowerCase(), ...each.aliases].includes(raw.toLowerCase()),
  );
  return known?.name.toLowerCase() ?? raw;
}
