import { expect, test } from "vitest";
import { besidePaths, fitBeside } from "./beside";
import { marksAcross, numberMarks, renderValue, timeMarks } from "./scale";
import { highestOf, isBursty, stackPaths } from "./stack";

const at = (text: string) => Date.parse(text);
const labels = (since: string, until: string, count: number) =>
  timeMarks(at(since), at(until), count, "utc").map(({ label }) => label);

test("marks of time are round, and a day's beginning says its date", () => {
  expect(labels("2026-11-23T21:10:00Z", "2026-11-24T05:00:00Z", 4)).toEqual([
    "22:00",
    "Nov 24",
    "02:00",
    "04:00",
  ]);
  expect(labels("2026-11-24T08:00:10Z", "2026-11-24T08:01:00Z", 5)).toEqual([
    "08:00:10",
    "08:00:20",
    "08:00:30",
    "08:00:40",
    "08:00:50",
  ]);
  expect(labels("2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z", 5)).toEqual([]);
});

test("there are never more marks than there is room for", () => {
  for (let span = 7; span < 1e12; span *= 3)
    for (const room of [1, 3, 10])
      expect(timeMarks(1_795_000_000_000, 1_795_000_000_000 + span, room, "utc").length).toBeLessThanOrEqual(
        room + 1,
      );
});

test("marks of numbers are round and reach over the highest", () => {
  expect(numberMarks(7, 5).map(({ label }) => label)).toEqual(["0", "2", "4", "6", "8"]);
  expect(numberMarks(0, 5).map(({ label }) => label)).toEqual(["0"]);
  expect(numberMarks(0.3, 3).map(({ at: value }) => value)).toEqual([0, 0.1, 0.2, 0.3]);
  for (const max of [1, 3.7, 99, 12_345, 0.002])
    expect(numberMarks(max, 5).at(-1)?.at).toBeGreaterThanOrEqual(max);
});

test("bars stand on each other, and the smallest is still seen", () => {
  const [low, high] = stackPaths(
    [
      [1, 0],
      [999, 10],
    ],
    100,
    64,
    highestOf([
      [1, 0],
      [999, 10],
    ]),
  );
  expect(low).toBe("M5 64v-1.5h40v1.5z");
  expect(high).toBe("M5 62.5v-62.5h40v62.5zM55 64v-1.5h40v1.5z");
});

test("a lone bar is no ground: it is as wide as a bar, in the middle of its time", () => {
  expect(stackPaths([[3]], 900, 64, 3)).toEqual(["M430 64v-64h40v64z"]);
});

test("by the square root a burst leaves the rest to be seen, and the shares of a stack stay", () => {
  const heights = (path = "") => [...path.matchAll(/v-([\d.]+)/g)].map(([, height]) => Number(height));
  const counts = [
    [2_500, 25],
    [7_500, 75],
  ];
  const [low, high] = stackPaths(counts, 100, 64, highestOf(counts), "root");
  expect(heights(low)).toEqual([16, 1.6]);
  expect(heights(high)).toEqual([48, 4.8]);
  expect(heights(stackPaths([[0, 100]], 100, 64, 10_000, "root")[0])).toEqual([6.4]);
});

test("a burst is what stands far above the middle one of the bars", () => {
  expect(isBursty([[10, 12, 0, 0, 1_000]])).toBe(true);
  expect(isBursty([[10, 12, 9, 100]])).toBe(false);
  expect(
    isBursty([
      [5, 5, 5],
      [5, 5, 500],
    ]),
  ).toBe(true);
  for (const few of [[], [[]], [[1_000]], [[0, 1, 0, 1_000]]]) expect(isBursty(few)).toBe(false);
});

test("nothing to draw is no path", () => {
  expect(stackPaths([], 100, 64, 1)).toEqual([]);
  expect(stackPaths([[1]], 0, 64, 1)).toEqual([""]);
});

test("bars side by side share their step, begin at zero, and leave open what is not known", () => {
  const y = (value: number) => 50 - value;
  expect(
    besidePaths(
      [
        [10, null],
        [-20, 30],
      ],
      100,
      y,
    ),
  ).toEqual(["M5 50v-10h20v10z", "M25 50v20h20v-20zM75 50v-30h20v30z"]);
  expect([fitBeside(2, 60, 480), fitBeside(10, 60, 480)]).toEqual([true, false]);
  expect(besidePaths([[1]], 0, y)).toEqual([""]);
});

test("marks reach over what is below zero, too", () => {
  expect(marksAcross(-3, 7, 4).map(({ label }) => label)).toEqual([
    "−3",
    "−2",
    "−1",
    "0",
    "2",
    "4",
    "6",
    "8",
  ]);
  expect(marksAcross(-4, 0, 2).map(({ at: value }) => value)).toEqual([-4, -2, 0]);
  expect(marksAcross(0, 3, 3)).toEqual(numberMarks(3, 3));
});

test("a value has its unit behind it", () => {
  expect(
    [
      [1_234.5, "ms"],
      [512, "bytes"],
      [1_572_864, "bytes"],
      [12, "%"],
      [1_234, ""],
    ].map(([value, unit]) => renderValue(Number(value), String(unit))),
  ).toEqual(["1,234.5 ms", "512 bytes", "1.5 MiB", "12 %", "1,234"]);
});
