/**
 * The texts of keys made during this visit, so that the snippets can be filled in.
 *
 * Promise: kept in this page's memory alone; a reload forgets them, as the server did.
 */
export const madeKeys = new Map<number, string>();
