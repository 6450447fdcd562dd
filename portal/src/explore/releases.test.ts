import { expect, test } from "vitest";
import { releaseMarks } from "./releases";

const releases = (...at: number[]) =>
  at.map((ms) => ({ name: `v${ms}`, first_seen: new Date(ms).toISOString() }));

test("each release in the range has a mark where it appeared, the oldest first", () => {
  const marks = releaseMarks(releases(900, 500, 99, 1_000), 100, 1_000, 900);
  expect(marks.map(({ name, x }) => [name, x])).toEqual([
    ["v500", 400],
    ["v900", 800],
  ]);
});

test("the names that have room never lie on each other, and the newest has room first; the left edge is taken", () => {
  const marks = releaseMarks(releases(0, 100, 105, 110, 400, 990, 995), 0, 1_000, 1_000);
  expect(marks.filter(({ hasRoom }) => hasRoom).map(({ name }) => name)).toEqual(["v110", "v400", "v995"]);
  expect(marks.find(({ name }) => name === "v995")?.isLeft).toBe(true);
  expect(marks.length).toBe(7);
});

test("without room there are lines without names", () => {
  expect(releaseMarks(releases(5), 0, 10, 20)).toMatchObject([{ hasRoom: false, x: 10 }]);
});
