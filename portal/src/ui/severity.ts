/** The seven severities: name, the letter of their mark, other spellings the search understands. */

export interface Severity {
  readonly name: string;
  readonly letter: string;
  readonly aliases: readonly string[];
}

export const SEVERITIES: readonly Severity[] = [
  { name: "Trace", letter: "T", aliases: ["0"] },
  { name: "Debug", letter: "D", aliases: ["1"] },
  { name: "Info", letter: "I", aliases: ["2", "information"] },
  { name: "Warn", letter: "W", aliases: ["3", "warning"] },
  { name: "Error", letter: "E", aliases: ["4"] },
  { name: "Fatal", letter: "F", aliases: ["5", "critical"] },
  { name: "Off", letter: "O", aliases: ["6", "none"] },
];

/** As they stand in a stack of bars: the worst at the bottom, where heights can be compared. */
export const WORST_FIRST: readonly string[] = ["fatal", "error", "warn", "info", "debug", "trace", "off"];

interface Named {
  readonly name: string;
}

/** To sort what has the name of a severity. */
export function worstFirst(a: Named, b: Named): number {
  return WORST_FIRST.indexOf(a.name) - WORST_FIRST.indexOf(b.name);
}

/** A severity this portal does not know yet is shown by its number. */
export function severityAt(number: number): Severity {
  return SEVERITIES[number] ?? { name: String(number), letter: "?", aliases: [] };
}
