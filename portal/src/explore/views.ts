/**
 * How an answer is looked at: events as a list or as patterns, numbers as lines, bars or a table.
 *
 * In: the answer of a question with a pipe. Out: the views that fit, and the one after another.
 */
import type { Stats } from "../api/answers";
import type { View } from "../router";
import { hasSteps } from "../state/numbers";

/** What is shown: with a pipe numbers, else events. */
export type Mode = "list" | "patterns" | "numbers";

export const EVENT_VIEWS = [
  { value: "list", label: "Events", icon: "list" },
  { value: "patterns", label: "Patterns", icon: "shapes" },
] as const;
const NUMBER_VIEWS = [
  { value: "line", label: "Line", icon: "line" },
  { value: "bar", label: "Bars", icon: "bar" },
  { value: "table", label: "Table", icon: "table" },
] as const;

export type NumberView = (typeof NUMBER_VIEWS)[number];
export type ViewChoice = (typeof EVENT_VIEWS)[number] | NumberView;
export type ViewName = ViewChoice["value"];

/** A line needs steps of time. */
export function numberViewsOf(stats: Stats | null): readonly NumberView[] {
  return NUMBER_VIEWS.filter(({ value }) => value !== "line" || !stats || hasSteps(stats));
}

/** The chosen one where it fits, else the first. */
export function numberViewIn(views: readonly NumberView[], chosen: View | null): NumberView["value"] {
  return views.find(({ value }) => value === chosen)?.value ?? views[0]?.value ?? "table";
}

export function viewAfter(views: readonly ViewChoice[], current: ViewName): ViewName {
  const at = views.findIndex(({ value }) => value === current);
  return views[(at + 1) % views.length]?.value ?? current;
}
