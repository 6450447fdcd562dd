/**
 * Values over steps as a line, as a path to stroke.
 *
 * In: values of a series, and where a step and a value stand. Out: a path, and its lone points.
 * Promise: what is not known is a gap; a value between two gaps is a point.
 */
type Values = readonly (number | null)[];

export function linePath(values: Values, x: (place: number) => number, y: (value: number) => number): string {
  let path = "";
  let isOpen = false;
  for (const [place, value] of values.entries()) {
    if (value !== null) path += `${isOpen ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
    isOpen = value !== null;
  }
  return path;
}

/** Alone between two open places a value is a point, not a line. */
export function lonePoints(values: Values): { readonly place: number; readonly value: number }[] {
  return values.flatMap((value, place) =>
    value !== null && (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null
      ? [{ place, value }]
      : [],
  );
}
