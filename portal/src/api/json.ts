/**
 * JSON text to values, without losing digits.
 *
 * In: JSON text. Out: the value; an integer that a double cannot hold becomes a `LongNumber`.
 * Promise: the plain, fast parser is used unless the text really holds such a number.
 */

/** A number as it was written, since a double would change it. */
export class LongNumber {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }

  /** As text: a copied number keeps its digits whoever reads it. */
  toJSON(): string {
    return this.text;
  }
}

/** Sixteen digits in a row may be more than a double holds; fifteen never are. */
const MAY_BE_LONG = /\d{16}/;

export function parseJson(text: string): unknown {
  return MAY_BE_LONG.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || !context?.source) return value;
  return /^-?\d{16,}$/.test(context.source) ? new LongNumber(context.source) : value;
}
