import { expect, test } from "vitest";
import { parseJson } from "../api/json";
import { readEvent } from "../api/shapes";
import { valueOf } from "./columns";

const event = readEvent({
  id: "1",
  timestamp: "2026-11-24T08:00:00Z",
  message: "m",
  application: "shop",
  properties: {
    http: { status: 500, "a.b": 1 },
    "http.method": "GET",
    user: "not the field",
    "retry count": 3,
    list: [1, 2],
    big: (parseJson('{"n": 12345678901234567890}') as { n: unknown }).n,
    none: null,
  },
});

test.each([
  ["application", "shop"],
  ["user", ""],
  ["properties.user", "not the field"],
  ["http.status", "500"],
  ["http.method", "GET"],
  ["http.a.b", "1"],
  ['"retry count"', "3"],
  ["list", "[1,2]"],
  ["big", "12345678901234567890"],
  ["none", ""],
  ["nowhere.at.all", ""],
])("the column %s shows %j", (column, expected) => {
  expect(valueOf(event, column)).toBe(expected);
});
