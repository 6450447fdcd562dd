/**
 * What a key press asks for.
 *
 * In: a keyboard event. Out: a wish, or null when the key belongs to what has the focus.
 * Promise: text fields keep their keys, buttons keep Enter, dialogs keep everything.
 */

export type Wish =
  | { readonly kind: "move"; readonly by: number; readonly to?: undefined }
  | { readonly kind: "move"; readonly by: 0; readonly to: "newest" | "oldest" }
  | { readonly kind: "search" | "open" | "close" | "live" | "help" }
  | { readonly kind: "pause" | "filters" | "histogram" | "range" | "searches" | "view" | "scale" | "unfold" }
  | { readonly kind: "issue" };

const ANYWHERE: Readonly<Record<string, Wish>> = {
  j: { kind: "move", by: 1 },
  k: { kind: "move", by: -1 },
  l: { kind: "live" },
  p: { kind: "pause" },
  f: { kind: "filters" },
  h: { kind: "histogram" },
  t: { kind: "range" },
  s: { kind: "searches" },
  v: { kind: "view" },
  y: { kind: "scale" },
  e: { kind: "unfold" },
  i: { kind: "issue" },
  "/": { kind: "search" },
  "?": { kind: "help" },
  Escape: { kind: "close" },
};

/** Keys that other controls use themselves. */
const ON_THE_LIST: Readonly<Record<string, Wish>> = {
  ArrowDown: { kind: "move", by: 1 },
  ArrowUp: { kind: "move", by: -1 },
  Home: { kind: "move", by: 0, to: "newest" },
  End: { kind: "move", by: 0, to: "oldest" },
  Enter: { kind: "open" },
};

type Press = Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "defaultPrevented" | "target">;

export function wishOfKey(press: Press): Wish | null {
  if (press.altKey || press.ctrlKey || press.metaKey || press.defaultPrevented) return null;
  const target = press.target as Partial<HTMLElement> | null;
  if (target?.closest?.("input, textarea, select, dialog, [popover], [role=dialog]")) return null;
  const isOnList = target?.tagName === "BODY" || target?.getAttribute?.("role") === "listbox";
  return ANYWHERE[press.key] ?? (isOnList ? (ON_THE_LIST[press.key] ?? null) : null);
}
