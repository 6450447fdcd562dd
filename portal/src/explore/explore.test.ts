import { expect, test } from "vitest";
import { wishOfKey } from "./keys";
import { piecesOf } from "./mistake";
import { scrollTopFor, windowAt } from "./window";

test("everything visible is inside the window, and little else", () => {
  for (let scrollTop = 0; scrollTop < 30_000; scrollTop += 777) {
    const { first, last } = windowAt(scrollTop, 600, 28, 1_000);
    expect(first * 28).toBeLessThanOrEqual(Math.min(scrollTop, 28_000));
    expect(Math.min(scrollTop + 600, 28_000)).toBeLessThanOrEqual(last * 28);
    expect(last - first).toBeLessThan(50);
  }
});

test("a short or shrunken list has a window too", () => {
  expect(windowAt(0, 600, 28, 0)).toEqual({ first: 0, last: 0 });
  expect(windowAt(0, 600, 28, 3)).toEqual({ first: 0, last: 3 });
  expect(windowAt(50_000, 600, 28, 3)).toEqual({ first: 3, last: 3 });
});

test("a row is brought into view with the least movement", () => {
  expect(scrollTopFor(5, 0, 280, 28)).toBe(0);
  expect(scrollTopFor(10, 0, 280, 28)).toBe(28);
  expect(scrollTopFor(2, 280, 280, 28)).toBe(56);
});

test("a mistake is cut out by characters, not by halves of them", () => {
  expect(piecesOf("🦞 a (b", 4, 2)).toEqual({ before: "🦞 a ", wrong: "(b", after: "" });
  expect(piecesOf("abc", 1, 1)).toEqual({ before: "a", wrong: "b", after: "c" });
});

test("a mistake at or beyond the end has a blank to stand on", () => {
  expect(piecesOf("a (", 3, 1)).toEqual({ before: "a (", wrong: " ", after: "" });
  expect(piecesOf("a", 99, 0)).toEqual({ before: "a", wrong: " ", after: "" });
});

const press = (key: string, target: object = { tagName: "BODY" }, more: object = {}) =>
  wishOfKey({
    key,
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    defaultPrevented: false,
    target: target as EventTarget,
    ...more,
  });

test("keys move, search, open, close", () => {
  expect(press("j")).toEqual({ kind: "move", by: 1 });
  expect(press("ArrowUp")).toEqual({ kind: "move", by: -1 });
  expect(press("/")).toEqual({ kind: "search" });
  expect(press("Enter")).toEqual({ kind: "open" });
  expect(press("x")).toBeNull();
});

test("text fields and dialogs keep their keys", () => {
  expect(press("j", { tagName: "INPUT", closest: () => ({}) })).toBeNull();
});

test("a button keeps Enter and arrows but not j", () => {
  const button = { tagName: "BUTTON", closest: () => null, getAttribute: () => null };
  expect(press("Enter", button)).toBeNull();
  expect(press("ArrowDown", button)).toBeNull();
  expect(press("j", button)).toEqual({ kind: "move", by: 1 });
});

test("the browser's own shortcuts are left alone", () => {
  expect(press("l", undefined, { ctrlKey: true })).toBeNull();
  expect(press("/", undefined, { metaKey: true })).toBeNull();
});
