/**
 * What a person prefers on this device: colours and time zone.
 *
 * In: local storage. Out: reactive values. Promise: works, for the visit, where storage is forbidden.
 */
import type { Zone } from "../ui/time";

export type Theme = "system" | "light" | "dark";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

class Preferences {
  #theme = $state<Theme>(THEMES.find((theme) => theme === stored("theme")) ?? "system");
  #zone = $state<Zone>(stored("zone") === "utc" ? "utc" : "local");

  get theme(): Theme {
    return this.#theme;
  }

  get zone(): Zone {
    return this.#zone;
  }

  /** system → light → dark → system. `public/theme.js` does the same before the first paint. */
  turnTheme(): void {
    this.#theme = THEMES[(THEMES.indexOf(this.#theme) + 1) % THEMES.length] ?? "system";
    if (this.#theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.#theme;
    store("theme", this.#theme);
  }

  turnZone(): void {
    this.#zone = this.#zone === "utc" ? "local" : "utc";
    store("zone", this.#zone);
  }
}

function stored(name: string): string | null {
  try {
    return localStorage.getItem(`logster.${name}`);
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
