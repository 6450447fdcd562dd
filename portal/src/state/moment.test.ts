/** Times as people type them, by the table that the server's own test reads too. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Clock, parseEnd, parseMoment, renderMoment } from "./moment";

interface Case {
  readonly about: string;
  readonly now: string;
  readonly zone: string;
  readonly moments?: readonly (readonly [string, string | null])[];
  readonly ranges?: readonly (readonly [string, string, string | null, string | null])[];
}

const TABLE = JSON.parse(
  readFileSync(new URL("../../../tests/tables/moments.json", import.meta.url), "utf-8"),
) as readonly Case[];

/** ISO text in UTC, with up to nine digits behind the dot. */
function nsOf(text: string): bigint {
  const [second = "", fraction = ""] = text.replace("Z", "").split(".");
  return BigInt(Date.parse(`${second}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

const clockOf = ({ now, zone }: Case): Clock => ({ nowNs: nsOf(now), zone });

describe.each(TABLE)("$about", (each) => {
  const clock = clockOf(each);

  test.each(each.moments ?? [])("%j is %j", (text, expected) => {
    const found = parseMoment(text, clock);
    expect(found).toBe(expected === null ? null : nsOf(expected));
  });

  test.each(each.ranges ?? [])("from %j to %j", (from, to, since, until) => {
    const start = from ? parseMoment(from, clock) : null;
    expect(start).toBe(since === null ? null : nsOf(since));
    expect(parseEnd(to, start, clock)).toBe(until === null ? null : nsOf(until));
  });
});

test("an instant is written with the digits it has", () => {
  expect(renderMoment(nsOf("2026-11-24T08:00:00.123456789Z"))).toBe("2026-11-24T08:00:00.123456789Z");
  expect(renderMoment(nsOf("2026-11-24T08:00:00Z"))).toBe("2026-11-24T08:00:00.000Z");
});
