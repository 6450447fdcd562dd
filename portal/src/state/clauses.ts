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

export interface Question {
  /** What is searched. */
  readonly filter: string;
  /** From the `|` on: what is counted; null where events are asked for. */
  readonly pipe: string | null;
}

/** As the server's grammar: an expression may hold blanks, parentheses and pipes. */
const EXPRESSION = /\/(?:\\.|[^/\\])+\/i?(?=[\s),|]|$)/y;

/** Top-level pieces in front of the pipe; a parenthesised group is one piece. */
export function splitClauses(text: string): Clause[] {
  return scan(text).clauses;
}

/** The search and what is counted in it. */
export function splitQuestion(text: string): Question {
  const { pipeAt } = scan(text);
  if (pipeAt === null) return { filter: text.trim(), pipe: null };
  return { filter: text.slice(0, pipeAt).trim(), pipe: text.slice(pipeAt).trim() };
}

function scan(text: string): { clauses: Clause[]; pipeAt: number | null } {
  const clauses: Clause[] = [];
  let start = -1;
  let depth = 0;
  let isQuoted = false;
  let expressionEnd = -1;
  const close = (end: number) => {
    if (start >= 0) clauses.push({ text: text.slice(start, end), position: start });
    start = -1;
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? "";
    const before = text[at - 1] ?? "";
    if (isQuoted) {
      if (sign === "\\") at += 1;
      else if (sign === '"') isQuoted = false;
      continue;
    }
    // Inside a word a pipe is text.
    if (sign === "|" && depth === 0 && (start < 0 || /[)"]/.test(before) || at === expressionEnd)) {
      close(at);
      return { clauses, pipeAt: at };
    }
    if (/\s/.test(sign) && depth === 0) {
      close(at);
      continue;
    }
    const canBegin = start < 0 || /[-:(,=\s]/.test(before);
    if (start < 0) start = at;
    if (sign === "/" && canBegin) {
      EXPRESSION.lastIndex = at;
      at += Math.max((EXPRESSION.exec(text)?.[0].length ?? 1) - 1, 0);
      expressionEnd = at + 1;
    } else if (sign === '"') isQuoted = true;
    else if (sign === "(") depth += 1;
    else if (sign === ")") depth = Math.max(0, depth - 1);
  }
  // A quote or parenthesis left open runs to the end.
  close(text.length);
  return { clauses, pipeAt: null };
}

const PROPERTY_MARK = "properties.";

/** Names that mean a field (or, `has`, a question about one), without their underscores. */
const FIELDS: ReadonlySet<string> = new Set(
  [...TEXT_FIELDS, "message", "protocol", "severity", "id", "issue", "timestamp", "received_at", "has"].map(
    (name) => name.replaceAll("_", ""),
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
  return editFilter(text, (filter) => setSeverity(filter, severity));
}

function setSeverity(text: string, severity: number | null): string {
  const name = SEVERITIES[severity ?? -1]?.name;
  const wanted = name ? `severity>=${name.toLowerCase()}` : null;
  const current = splitClauses(text).filter((clause) => severityOfClause(clause.text) !== null);
  if (current.length === 0) return wanted ? appendClause(text, wanted) : text;
  return replaceClauses(text, current, wanted);
}

/** The text narrowed to events in which the field is not there, or empty. */
export function withoutField(text: string, field: string): string {
  return editFilter(text, (filter) => appendClause(filter, `-has:${quoteName(field)}`));
}

/** The text's events counted by a field. */
export function withGroup(text: string, field: string): string {
  return `${splitQuestion(text).filter} | count by ${quoteName(field)}`.trim();
}

/** The text and another one, both must hold. */
export function withText(text: string, added: string): string {
  return editFilter(text, (filter) => appendClause(filter, added));
}

/** Narrowing happens in front of the pipe. */
export function editFilter(text: string, edit: (filter: string) => string): string {
  const { filter, pipe } = splitQuestion(text);
  // Untouched, the text stays as it was typed.
  const edited = edit(pipe === null ? text : filter);
  return pipe === null ? edited : `${edited} ${pipe}`.trim();
}

/** A property as the search names it: its path, marked where a field has the same name. */
export function fieldOfProperty(path: readonly string[]): string {
  const name = path.join(".");
  const plain = name.toLowerCase();
  const isTaken = FIELDS.has(plain.replaceAll("_", "")) || plain.startsWith(PROPERTY_MARK);
  return isTaken ? PROPERTY_MARK + name : name;
}

/** Whether two names mean the same field or property, however they are typed. */
export function isField(typed: string, other: string): boolean {
  return keyOf(typed) === keyOf(other);
}

/** Fields by their letters alone; properties are told apart from them, and from each other by case. */
function keyOf(typed: string): string {
  const name = unquote(typed);
  const plain = name.toLowerCase();
  const letters = plain.replaceAll("_", "");
  if (FIELDS.has(letters)) return letters;
  return PROPERTY_MARK + (plain.startsWith(PROPERTY_MARK) ? name.slice(PROPERTY_MARK.length) : name);
}

/** Words and phrases the text looks for, lower case, for marking them in messages. */
export function wordsOf(text: string): string[] {
  return splitClauses(splitQuestion(text).filter.replace(/[()]/g, " "))
    .map((clause) => clause.text)
    .filter((word) => !/^(-|\/|AND$|OR$|NOT$)/.test(word) && !/^[^"]*[:<>=]/.test(word))
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
export function appendClause(text: string, clause: string): string {
  const before = text.trim();
  if (!before) return clause;
  const hasOr = splitClauses(before).some((each) => each.text === "OR");
  return hasOr ? `(${before}) ${clause}` : `${before} ${clause}`;
}

/** The server's own lists give names as they are typed, quotes and all. */
export function quoteName(name: string): string {
  if (/^"(?:\\.|[^"\\])*"$/.test(name)) return name;
  return /^[\p{L}_@$]([\p{L}\p{N}_.@$/-]*[\p{L}\p{N}_])?$/u.test(name) ? name : quote(name);
}

/** From here on a value stands for all that begin so: the server cuts those it counts. */
const MAX_VALUE_CHARACTERS = 1_000;

/** What of a value a search can name: its beginning, where it is longer than that. */
export function cutValue(value: string): string {
  return value.length <= MAX_VALUE_CHARACTERS ? value : [...value].slice(0, MAX_VALUE_CHARACTERS).join("");
}

/** Whether the value is a beginning, and stands for all that begin so. */
export function isCut(value: string): boolean {
  return value.length >= MAX_VALUE_CHARACTERS && [...value].length >= MAX_VALUE_CHARACTERS;
}

export function quoteValue(value: string): string {
  if (isCut(value)) return `${quote(cutValue(value))}*`;
  const isWord = /^[\p{L}\p{N}_][\p{L}\p{N}_./@+-]*$/u.test(value) && !/^(AND|OR|NOT)$|\.\./.test(value);
  return isWord ? value : quote(value);
}

/** The text inside the quotes, where there are any; a lone backslash stands for itself. */
export function unquote(typed: string): string {
  const isQuoted = /^"(?:\\.|[^"\\])*"$/s.test(typed);
  return isQuoted ? typed.slice(1, -1).replace(/\\(["\\])/g, "$1") : typed;
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
