/**
 * The geometry of a chart: which series are drawn, in which form, and where everything stands.
 *
 * In: a timeline, and the room there is. Out: lines with their colours, marks, scales, paths.
 * Promise: only what adds up stands on each other; what is hidden takes no room on the scale.
 */
import type { Line, Timeline } from "../state/numbers";
import { preferences } from "../state/preferences.svelte";
import { WORST_FIRST } from "../ui/severity";
import { besidePaths, fitBeside } from "./beside";
import { marksAcross, timeMarks } from "./scale";
import { colorsOf } from "./series";
import { highestOf, stackPaths } from "./stack";

/** As many as one can tell apart; the table has them all. */
export const MAX_LINES = 10;
const MARK_WIDTH = 90;
/** A label nearer to the right end would be cut. */
const LABEL_WIDTH = 44;
const MARK_HEIGHT = 48;

/** `hue` is the class that gives it its colour. */
export type DrawnLine = Line & { readonly hue: string };

/** What a chart is told, as it is now. */
export interface PlotInput {
  readonly timeline: Timeline;
  readonly kind: "line" | "bar";
  readonly width: number;
  readonly height: number;
}

export class Plot {
  /** Names of lines that are not to be drawn. */
  hidden = $state<Record<string, boolean>>({});

  readonly #input: () => PlotInput;

  readonly #timeline = $derived.by(() => this.#input().timeline);
  readonly width = $derived.by(() => this.#input().width);
  readonly height = $derived.by(() => this.#input().height);
  readonly starts = $derived.by(() => this.#timeline.starts);
  readonly named = $derived.by((): readonly DrawnLine[] => {
    const all = this.#timeline.lines.slice(0, MAX_LINES);
    const colors = colorsOf(all.map(({ subject }) => subject));
    return all.map((line, place) => ({ ...line, hue: this.#hueOf(line.name, colors[place] ?? 0) }));
  });
  readonly lines = $derived.by(() => this.named.filter((line) => !this.hidden[line.name]));
  readonly #filled = $derived.by(() => this.lines.map(({ values }) => values.map((value) => value ?? 0)));
  readonly form = $derived.by(() => {
    const { canStack } = this.#timeline;
    const fits = fitBeside(this.lines.length, this.starts.length, this.width || Infinity);
    if (this.#input().kind === "line" || (!canStack && !fits)) return "line";
    return canStack ? "stack" : "beside";
  });

  readonly #highest = $derived.by(() =>
    this.form === "stack"
      ? highestOf(this.#filled)
      : this.#filled.reduce((most, each) => Math.max(most, ...each), 0),
  );
  readonly #lowest = $derived.by(() => this.#filled.reduce((least, each) => Math.min(least, ...each), 0));
  readonly marks = $derived.by(() =>
    marksAcross(this.#lowest, this.#highest, Math.max(Math.floor(this.height / MARK_HEIGHT), 1)),
  );
  readonly min = $derived.by(() => Math.min(this.marks[0]?.at ?? 0, 0));
  readonly #max = $derived.by(() => this.marks.at(-1)?.at || (this.min < 0 ? 0 : 1));

  readonly #since = $derived.by(() => this.starts[0] ?? 0);
  readonly #until = $derived.by(() => (this.starts.at(-1) ?? 0) + this.#timeline.stepMs);
  readonly times = $derived.by(() =>
    timeMarks(this.#since, this.#until, Math.floor(this.width / MARK_WIDTH), preferences.zone)
      .map(({ at, label }) => ({ at, label, share: (at - this.#since) / (this.#until - this.#since) }))
      .filter(({ share }) => share * this.width < this.width - LABEL_WIDTH),
  );

  readonly bars = $derived.by(() => {
    const y = (value: number) => this.y(value);
    if (this.form === "stack") return stackPaths(this.#filled, this.width, this.height, this.#max);
    if (this.form === "beside")
      return besidePaths(
        this.lines.map(({ values }) => values),
        this.width,
        y,
      );
    return [];
  });

  constructor(input: () => PlotInput) {
    this.#input = input;
  }

  /** Each step's value stands in the middle of its step, as its bar does. */
  x(place: number): number {
    return ((place + 0.5) / this.starts.length) * this.width;
  }

  y(value: number): number {
    return ((this.#max - value) / (this.#max - this.min)) * this.height;
  }

  /** When a step begins, ms since 1970; after the last one: when that ends. */
  startOf(place: number): number {
    return this.starts[place] ?? this.#until;
  }

  turn(name: string): void {
    this.hidden[name] = !this.hidden[name];
  }

  #hueOf(line: string, color: number): string {
    const isLevel = this.#timeline.isSeverity && WORST_FIRST.includes(line);
    return isLevel ? `level-${line}` : `series-${color}`;
  }
}
