/**
 * What a person prefers on this device: colours, time zone, facets, the form of stack traces, the
 * scale of the histogram.
 *
 * In: local storage. Out: reactive values. Promise: works, for the visit, where storage is forbidden.
 */
import type { Zone } from "../ui/time";

export type Theme = "system" | "light" | "dark";
export type TraceForm = "frames" | "raw";
export type HistogramScale = "linear" | "root";

const SCALES: readonly HistogramScale[] = ["linear", "root"];
const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** What is counted until somebody chooses. */
const FACETS: readonly string[] = [
  "severity",
  "application",
  "category",
  "host",
  "user",
  "environment",
  "release",
];
/** The server counts at most 20 at once. */
const MAX_FACETS = 20;

/** Some browsers do not know their zone, and say so by a name that is none. */
const LOCAL_ZONE = zoneOr(Intl.DateTimeFormat().resolvedOptions().timeZone, "UTC");

function zoneOr(name: string | undefined, other: string): string {
  return name && name !== "Etc/Unknown" ? name : other;
}

class Preferences {
  #theme = $state<Theme>(THEMES.find((theme) => theme === stored("theme")) ?? "system");
  #zone = $state<Zone>(stored("zone") === "utc" ? "utc" : "local");
  #facets = $state.raw<readonly string[]>(storedList("facets") ?? FACETS);
  #hasFacets = $state(stored("hasFacets") !== "no");
  #trace = $state<TraceForm>(stored("trace") === "raw" ? "raw" : "frames");

  #scale = $state<HistogramScale | null>(SCALES.find((scale) => scale === stored("scale")) ?? null);

  get theme(): Theme {
    return this.#theme;
  }

  get zone(): Zone {
    return this.#zone;
  }

  /** The IANA name of the zone that times are shown in, as the server wants it. */
  get zoneName(): string {
    return this.#zone === "utc" ? "UTC" : LOCAL_ZONE;
  }

  /** Fields and properties that are counted beside the list. */
  get facets(): readonly string[] {
    return this.#facets;
  }

  /** Whether they are shown at all. */
  get hasFacets(): boolean {
    return this.#hasFacets;
  }

  /** How stack traces are shown. */
  get trace(): TraceForm {
    return this.#trace;
  }

  /** How counts become heights; null: as they come. */
  get scale(): HistogramScale | null {
    return this.#scale;
  }

  chooseScale(scale: HistogramScale | null): void {
    this.#scale = scale;
    store("scale", scale ?? "");
  }

  /** Newly chosen ones come first, where they are seen. */
  addFacet(field: string): void {
    const others = this.#facets.filter((each) => each !== field);
    this.#facets = [field, ...others].slice(0, MAX_FACETS);
    store("facets", JSON.stringify(this.#facets));
  }

  removeFacet(field: string): void {
    this.#facets = this.#facets.filter((each) => each !== field);
    store("facets", JSON.stringify(this.#facets));
  }

  turnFacets(): void {
    this.#hasFacets = !this.#hasFacets;
    store("hasFacets", this.#hasFacets ? "yes" : "no");
  }

  chooseTrace(form: TraceForm): void {
    this.#trace = form;
    store("trace", form);
  }

  /** system → light → dark → system. `public/theme.js` does the same before the first paint. */
  turnTheme(): void {
    this.#theme = THEMES[(THEMES.indexOf(this.#theme) + 1) % THEMES.length] ?? "system";
    if (this.#theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.#theme;
    store("theme", this.#theme);
  }

  setZone(zone: Zone): void {
    this.#zone = zone;
    store("zone", zone);
  }

  turnZone(): void {
    this.setZone(this.#zone === "utc" ? "local" : "utc");
  }
}

function stored(name: string): string | null {
  try {
    return localStorage.getItem(`logster.${name}`);
  } catch {
    return null;
  }
}

function storedList(name: string): readonly string[] | null {
  try {
    const value: unknown = JSON.parse(stored(name) ?? "null");
    return Array.isArray(value)
      ? value.filter((each) => typeof each === "string").slice(0, MAX_FACETS)
      : null;
  } catch {
    return null;
  }
}

function store(name: string, value: string): void {
  try {
    localStorage.setItem(`logster.${name}`, value);
  } catch {
    // Kept for this visit only.
  }
}

export const preferences = new Preferences();
