/**
 * What a key press asks for on the pages of issues.
 *
 * In: a keyboard event. Out: a wish, or null when the key belongs to what has the focus.
 * Promise: as of `explore/keys.ts`; but a box that is ticked keeps the blank only.
 */
export type Wish =
  "next" | "previous" | "resolve" | "mute" | "ignore" | "assign" | "select" | "search" | "event" | "back";

const WISHES: Readonly<Record<string, Wish>> = {
  j: "next",
  k: "previous",
  ArrowDown: "next",
  ArrowUp: "previous",
  e: "resolve",
  m: "mute",
  i: "ignore",
  a: "assign",
  x: "select",
  o: "event",
  "/": "search",
  Escape: "back",
};

type Press = Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "defaultPrevented" | "target">;

export function wishOfKey(press: Press): Wish | null {
  if (press.altKey || press.ctrlKey || press.metaKey || press.defaultPrevented) return null;
  const target = press.target as Partial<HTMLElement> | null;
  if (target?.closest?.("input:not([type=checkbox]), textarea, select, dialog, [popover], [role=dialog]"))
    return null;
  return WISHES[press.key] ?? null;
}
