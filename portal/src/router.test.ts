import { expect, test } from "vitest";
import { type Address, parseAddress, renderAddress } from "./router";
import { DEFAULT_COLUMNS } from "./state/columns";
import { ALL } from "./state/range";

const nothing: Address = {
  text: "",
  range: ALL,
  isLive: false,
  columns: DEFAULT_COLUMNS,
  view: null,
  id: null,
};

function reread(address: Address): Address {
  const url = new URL(renderAddress(address), "http://x");
  return parseAddress(url.pathname, url.search);
}

test("an empty question is the plain address", () => {
  expect(renderAddress(nothing)).toBe("/");
  expect(parseAddress("/", "")).toEqual(nothing);
});

test("the whole question survives the address bar", () => {
  const texts = ["", "a b", 'user:"mia & k" #1 100% +x', "ünïcödé 🦞", "a=b?c&d"];
  const ranges = [
    ALL,
    { kind: "last", span: "15m" },
    { kind: "between", since: "2026-11-23T09:00:00.000Z", until: "2026-11-23T09:10:00.000Z" },
  ] as const;
  for (const text of texts)
    for (const range of ranges)
      for (const isLive of [false, true])
        for (const id of [null, "383190331895582637"]) {
          const address = { ...nothing, text, range, isLive, id };
          expect(reread(address)).toEqual(address);
        }
  const columns = [["host", "http.status", 'a "b", c'], [], ["application", "user"]];
  for (const chosen of columns)
    for (const view of [null, "patterns", "line"] as const)
      expect(reread({ ...nothing, columns: chosen, view })).toEqual({ ...nothing, columns: chosen, view });
});

test("a permalink is the event's path alone", () => {
  expect(renderAddress({ ...nothing, id: "12" })).toBe("/events/12");
  expect(parseAddress("/events/12", "").id).toBe("12");
});

test("what cannot be read is left out, never an error", () => {
  expect(parseAddress("/events/abc", "?range=soon&live=yes&x=1")).toEqual(nothing);
  expect(parseAddress("/elsewhere", "?range=a~b")).toEqual(nothing);
});
