/**
 * Moving from row to row of whatever a page lists, by keys.
 *
 * In: a wish. Out: the focus on the row's first control, so that Enter does what a click would.
 * Promise: a row without a control is reached too; where there are no rows, nothing happens.
 */

/** How far, or to which end. */
export interface Move {
  readonly by: number;
  readonly to?: "newest" | "oldest" | undefined;
}

/** What a page lists, the first kind it has: tiles of a dashboard, rows of a table, boards, links. */
const KINDS = ["article", "tbody tr", "ul.boards > li"];
const CONTROLS = "a[href], button:not([disabled]), input:not([disabled]), select";

export function moveFocus({ by, to }: Move): void {
  const rows = rowsOf(document.querySelector("main"));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const wanted =
    to === "newest" ? 0 : to === "oldest" ? rows.length - 1 : at < 0 && by < 0 ? rows.length - 1 : at + by;
  const row = rows[Math.min(Math.max(wanted, 0), rows.length - 1)];
  if (row) focusOn(row);
}

function rowsOf(page: Element | null): HTMLElement[] {
  for (const kind of KINDS) {
    const rows = [...(page?.querySelectorAll<HTMLElement>(kind) ?? [])].filter(
      (row) => row.offsetParent !== null,
    );
    if (rows.length) return rows;
  }
  return [];
}

function focusOn(row: HTMLElement): void {
  const control = [...row.querySelectorAll<HTMLElement>(CONTROLS)].find((each) => each.offsetParent !== null);
  if (!control) row.tabIndex = -1;
  (control ?? row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}
