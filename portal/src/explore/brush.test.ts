import { expect, test } from "vitest";
import { Brush } from "./brush.svelte";

const press = (key: string, shiftKey = false) => ({ key, shiftKey }) as KeyboardEvent;

test("arrow keys begin at the end they come from, and stay among the steps", () => {
  const brush = new Brush(() => 3);
  brush.press(press("ArrowLeft"), true);
  expect(brush.index).toBe(2);
  brush.press(press("ArrowRight"), true);
  expect(brush.index).toBe(2);
  brush.press(press("Home"), true);
  expect([brush.index, brush.range]).toEqual([0, null]);
});

test("with Shift they choose, where something can be chosen", () => {
  const brush = new Brush(() => 10);
  brush.press(press("ArrowLeft"), true);
  brush.press(press("PageUp", true), true, { PageUp: -4 });
  expect(brush.range).toEqual({ first: 5, last: 9 });
  brush.press(press("ArrowLeft", true), false);
  expect([brush.index, brush.range]).toEqual([4, null]);
});

test("other keys are not its own", () => {
  expect(new Brush(() => 10).press(press("PageUp"), true)).toBe(false);
});

test("a new answer with fewer steps, or none, cuts what is read", () => {
  let count = 10;
  const brush = new Brush(() => count);
  brush.press(press("End"), true);
  count = 4;
  expect(brush.index).toBe(3);
  count = 0;
  expect(brush.index).toBeNull();
});
