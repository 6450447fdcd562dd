/**
 * The pieces that readers of the server's answers are made of: JSON values to typed ones.
 *
 * In: parsed JSON, and what it is called in an error. Out: text, numbers, lists, members of objects.
 * Promise: what may not be absent is a `ShapeError` when it is.
 */

export class ShapeError extends Error {
  override name = "ShapeError";
}

type Members = Record<string, unknown>;

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function members(value: unknown, what: string): Members {
  if (!isMembers(value)) throw new ShapeError(`The server's ${what} is not an object.`);
  return value;
}

export function list(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new ShapeError(`The server's ${what} is not a list.`);
  return value;
}

export function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw new ShapeError(`The server's ${what} is not text.`);
  return value;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function numberOrZero(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** Sums beyond 2^53 come as text with all their digits; nobody reads the last of them. */
export function number(value: unknown, what: string): number {
  const read = typeof value === "number" ? value : Number(String(value));
  if (!Number.isFinite(read)) throw new ShapeError(`The server's ${what} is not a number.`);
  return read;
}

export function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
