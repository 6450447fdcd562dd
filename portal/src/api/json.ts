/**
 * JSON text to values, without losing digits.
 *
 * In: JSON text. Out: the value; a whole number that JavaScript would not write with all its
 * digits becomes a `LongNumber`.
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

/** Sixteen digits in a row, or as many by an exponent, may be more than a double holds. */
const MAY_BE_LONG = /\d{16}|\de\+?(?:1[5-9]|[2-9]\d)/i;
/** Up to here the server writes whole doubles with all their digits, in facets and groups. */
const FIRST_SHORT = 2 ** 64;

export function parseJson(text: string): unknown {
  return MAY_BE_LONG.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || !context?.source) return value;
  if (/^-?\d{16,}$/.test(context.source)) return new LongNumber(context.source);
  const isWhole = Number.isInteger(value) && Math.abs(value) < FIRST_SHORT;
  return isWhole ? new LongNumber(String(BigInt(value))) : value;
}
