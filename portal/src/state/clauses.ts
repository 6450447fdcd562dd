/**
 * Editing the search text: chips and "filter for" change the same words a person types.
 *
 * In: a search text and a wish. Out: the new text.
 * Promise: what is not concerned stays as it was typed; a text with a mistake is only ever appended to.
 */
import { TEXT_FIELDS } from "../api/shapes";
import { SEVERITIES } from "../ui/severity";

/** A piece of the text between blanks, outside quotes and parentheses. */
export interface Clause {
  readonly text: string;
  readonly position: number;
}

/** Top-level pieces; a parenthesised group is one piece. */
export function splitClauses(text: string): Clause[] {
  const clauses: Clause[] = [];
  let start = -1;
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at <= text.length; at += 1) {
    const sign = text[at];
    const isBlank = sign === undefined || (/\s/.test(sign) && !isQuoted && depth === 0);
    if (isBlank && start >= 0) {
      clauses.push({ text: text.slice(start, at), position: start });
      start = -1;
    }
    if (isBlank || sign === undefined) continue;
    if (start < 0) start = at;
    if (sign === "\\" && isQuoted) at += 1;
    else if (sign === '"') isQuoted = !isQuoted;
    else if (sign === "(" && !isQuoted) depth += 1;
    else if (sign === ")" && !isQuoted) depth = Math.max(0, depth - 1);
  }
  // A quote or parenthesis left open runs to the end, its escape possibly past it.
  if (start >= 0) clauses.push({ text: text.slice(start), position: start });
  return clauses;
}

const PROPERTY_MARK = "properties.";

/** Names that mean a field (or, `has`, a question about one), without their underscores. */
const FIELDS: ReadonlySet<string> = new Set(
  [...TEXT_FIELDS, "message", "protocol", "severity", "id", "issue", "timestamp", "received_at", "has"].map((name) =>
    name.replaceAll("_", ""),
  ),
);

const SEVERITY_CLAUSE = /^severity>=(\w+)$/i;

/** The lowest severity the text asks for with `severity>=…`, or null. */
export function severityOf(text: string): number | null {
  for (const clause of splitClauses(text)) {
    const severity = severityOfClause(clause.text);
    if (severity !== null) return severity;
  }
  return null;
}

/** The text with `severity>=…` set, or removed when null. */
export function withSeverity(text: string, severity: number | null): string {
  const name = SEVERITIES[severity ?? -1]?.name;
  const wanted = name ? `severity>=${name.toLowerCase()}` : null;
  const current = splitClauses(text).filter((clause) => severityOfClause(clause.text) !== null);
  if (current.length === 0) return wanted ? appendClause(text, wanted) : text;
  return replaceClauses(text, current, wanted);
}

/** The text narrowed to events whose field has (or, `isOut`, lacks) this value. */
export function withValue(text: string, field: string, value: string, isOut: boolean): string {
  const clause = `${quoteName(field)}:${quoteValue(value)}`;
  const [wanted, opposite] = isOut ? [`-${clause}`, clause] : [clause, `-${clause}`];
  const clauses = splitClauses(text);
  if (clauses.some((each) => each.text === wanted)) return text;
  const against = clauses.filter((each) => each.text === opposite);
  return against.length ? replaceClauses(text, against, wanted) : appendClause(text, wanted);
}

/** A property as the search names it: its path, marked where a field has the same name. */
export function fieldOfProperty(path: readonly string[]): string {
  const name = path.join(".");
  const plain = name.toLowerCase();
  const isTaken = FIELDS.has(plain.replaceAll("_", "")) || plain.startsWith(PROPERTY_MARK);
  return isTaken ? PROPERTY_MARK + name : name;
}

/** Words and phrases the text looks for, lower case, for marking them in messages. */
export function wordsOf(text: string): string[] {
  return splitClauses(text.replace(/[()]/g, " "))
    .map((clause) => clause.text)
    .filter((word) => !/^(-|AND$|OR$|NOT$)/.test(word) && !/^[^"]*[:<>=]/.test(word))
    .map((word) => word.replaceAll('"', "").toLowerCase())
    .filter((word) => word.length > 1);
}

function severityOfClause(clause: string): number | null {
  const given = SEVERITY_CLAUSE.exec(clause)?.[1]?.toLowerCase();
  if (!given) return null;
  const number = SEVERITIES.findIndex(
    ({ name, aliases }) => name.toLowerCase() === given || aliases.includes(given),
  );
  return number < 0 ? null : number;
}

/** The first of `clauses` becomes `wanted`, the others go. */
function replaceClauses(text: string, clauses: readonly Clause[], wanted: string | null): string {
  let result = text;
  for (const [index, clause] of [...clauses.entries()].reverse()) {
    const before = result.slice(0, clause.position);
    const after = result.slice(clause.position + clause.text.length);
    result = index === 0 && wanted ? before + wanted + after : before.trimEnd() + after;
  }
  return result.trim();
}

/** Side by side binds tighter than OR, so a text with OR is put into parentheses first. */
function appendClause(text: string, clause: string): string {
  const before = text.trim();
  if (!before) return clause;
  const hasOr = splitClauses(before).some((each) => each.text === "OR");
  return hasOr ? `(${before}) ${clause}` : `${before} ${clause}`;
}

function quoteName(name: string): string {
  return /^[\p{L}_@$]([\p{L}\p{N}_.@$/-]*[\p{L}\p{N}_])?$/u.test(name) ? name : quote(name);
}

function quoteValue(value: string): string {
  const isWord = /^[\p{L}\p{N}_][\p{L}\p{N}_./@+-]*$/u.test(value) && !/^(AND|OR|NOT)$|\.\./.test(value);
  return isWord ? value : quote(value);
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
