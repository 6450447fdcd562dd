/**
 * How much was found, in a few words.
 *
 * In: the results of a question, in the mode it is in. Out: a text for the toolbar.
 */
import { isEvent } from "../state/entries";
import type { Results } from "./results.svelte";
import type { Mode } from "./views";

/** Where it `isTight` there is room for the count alone. */
export function summaryOf(results: Results, mode: Mode, isTight: boolean): string {
  const { shown, isSlow } = results;
  if (shown.isLoading) return isSlow ? "Still searching…" : "Searching…";
  if (shown.error) return "";
  if (shown.isStopped) return "Stopped";
  const { found, elapsedMs } = foundIn(results, mode);
  return isTight ? found : `${found} · ${elapsedMs < 1 ? "<1" : Math.round(elapsedMs)} ms`;
}

function foundIn(results: Results, mode: Mode): { readonly found: string; readonly elapsedMs: number } {
  const stats = results.stats.value;
  const patterns = results.patterns.value;
  if (mode === "numbers")
    return { found: sayCount(stats?.rows.length ?? 0, "row"), elapsedMs: stats?.elapsed_ms ?? 0 };
  if (mode === "patterns")
    return {
      found: sayCount(patterns?.patterns.length ?? 0, "pattern"),
      elapsedMs: patterns?.elapsed_ms ?? 0,
    };
  return { found: sayEvents(results), elapsedMs: results.rows.elapsedMs };
}

/** All that there are, once they are counted; till then those that are loaded. */
function sayEvents({ counts, rows }: Results): string {
  const total = counts.error || counts.isLoading ? null : (counts.value?.total ?? null);
  const loaded = rows.entries.filter(isEvent).length;
  if (total !== null && total > loaded) return sayCount(total, "event");
  return sayCount(loaded, "event", rows.hasOlder ? "+" : "");
}

function sayCount(count: number, what: string, more = ""): string {
  return `${count.toLocaleString("en")}${more} ${what}${count === 1 ? "" : "s"}`;
}
