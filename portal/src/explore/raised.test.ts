import { expect, test } from "vitest";
import type { Exception, Frame } from "../api/shapes";
import { depthsOf, hasFrames, nameOf, placeOf, runsOf, symbolOf } from "./raised";

function frame(changes: Partial<Frame>): Frame {
  return { function: "f", module: null, file: "a.py", line: 1, column: null, in_app: true, ...changes };
}

function exception(changes: Partial<Exception>): Exception {
  return { type: "A", message: "b", frames: [], parent: null, relation: null, ...changes };
}

test("frames of one kind that follow each other are one run", () => {
  const frames = [true, false, false, true].map((isOwn, line) => frame({ in_app: isOwn, line }));

  expect(runsOf(frames).map(({ isOwn, frames: run }) => [isOwn, run.map(({ line }) => line)])).toEqual([
    [true, [0]],
    [false, [1, 2]],
    [true, [3]],
  ]);
  expect(runsOf([])).toEqual([]);
});

test("an exception stands one step further in than the one it belongs to", () => {
  const parents = [null, 0, 1, 0];

  expect(depthsOf(parents.map((parent) => exception({ parent })))).toEqual([0, 1, 2, 1]);
});

test("only what has a frame has frames", () => {
  expect(hasFrames([exception({})])).toBe(false);
  expect(hasFrames([exception({}), exception({ frames: [frame({})] })])).toBe(true);
});

test("a place is told as far as it is known", () => {
  expect(placeOf(frame({}))).toBe("a.py:1");
  expect(placeOf(frame({ column: 7 }))).toBe("a.py:1:7");
  expect(placeOf(frame({ line: null }))).toBe("a.py");
  expect(placeOf(frame({ file: null }))).toBe("line 1");
  expect(placeOf(frame({ file: null, line: null }))).toBe("");
});

test("a module stands before the function, once", () => {
  expect(symbolOf(frame({ module: "shop" }))).toBe("shop.f");
  expect(symbolOf(frame({ module: "shop", function: "shop.pay" }))).toBe("shop.pay");
  expect(symbolOf(frame({ module: "shop", function: null }))).toBe("shop");
  expect(symbolOf(frame({ function: null }))).toBe("");
});

test("an exception is called by its type and its message, as far as they are said", () => {
  expect(nameOf(exception({}))).toBe("A: b");
  expect(nameOf(exception({ message: "" }))).toBe("A");
  expect(nameOf(exception({ type: null }))).toBe("b");
  expect(nameOf(exception({ type: null, message: null }))).toBe("");
});
