import { expect, test } from "vitest";
import { Folds, beginningOf } from "./folds.svelte";

test("what fits is shown whole", () => {
  for (const text of ["", "short", "x".repeat(1_000), "line\n".repeat(16)])
    expect(beginningOf(text)).toBeNull();
});

test("of a long text, or of many lines, the beginning is shown", () => {
  expect(beginningOf("x".repeat(6_000))).toBe("x".repeat(800));
  expect(beginningOf("line\n".repeat(40))).toBe(Array(14).fill("line").join("\n"));
  expect(beginningOf(`${"x".repeat(2_000)}\n`.repeat(40))).toBe("x".repeat(800));
});

test("no character is cut in two", () => {
  expect(beginningOf(`x${"🦞".repeat(3_000)}`)).toBe(`x${"🦞".repeat(399)}`);
});

test("one is turned by itself, and all together", () => {
  const folds = new Folds();
  folds.turn("a");
  expect([folds.isOpen("a"), folds.isOpen("b")]).toEqual([true, false]);
  folds.turnAll();
  expect([folds.isOpen("a"), folds.isOpen("b")]).toEqual([true, true]);
  folds.turn("a");
  folds.turnAll();
  expect([folds.isOpen("a"), folds.isOpen("b")]).toEqual([false, false]);
});
