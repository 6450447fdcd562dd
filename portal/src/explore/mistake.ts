/**
 * Where a mistake stands in the search text, in three pieces to draw a line under the middle one.
 *
 * In: the text and a place counted in characters, as the server counts. Out: before, wrong, after.
 * Promise: the middle is never empty; a mistake at the end of the text gets a blank to stand on.
 */

export interface Pieces {
  readonly before: string;
  readonly wrong: string;
  readonly after: string;
}

export function piecesOf(text: string, position: number, length: number): Pieces {
  const characters = Array.from(text);
  const start = Math.min(Math.max(position, 0), characters.length);
  const end = start + Math.max(length, 1);
  return {
    before: characters.slice(0, start).join(""),
    wrong: characters.slice(start, end).join("") || " ",
    after: characters.slice(end).join(""),
  };
}
