import { expect, test } from "vitest";
import { curlOf, isSecret } from "./curl";
import { type RequestSeen, codeOf, crumbsOf, requestOf } from "./details";

const REQUEST: RequestSeen = {
  method: "POST",
  url: "https://shop.example/pay",
  query: "",
  headers: [],
  data: null,
};

test("crumbs of both forms are read, the oldest first", () => {
  const crumb = {
    timestamp: "2026-12-01T12:35:04.8Z",
    category: "http",
    level: "error",
    data: { status: 500 },
  };
  expect(crumbsOf({ breadcrumbs: { values: [crumb] } })).toEqual([
    { at: "2026-12-01T12:35:04.800Z", category: "http", level: "error", message: "", data: { status: 500 } },
  ]);
  expect(crumbsOf({ breadcrumbs: [{ type: "navigation", message: "x", timestamp: 1e300 }] })).toEqual([
    { at: "", category: "navigation", level: "", message: "x", data: null },
  ]);
});

test("code is told as it was thrown: the outermost exception and the nearest frame first", () => {
  const frame = (name: string, more: object) => ({ function: name, filename: "a.py", lineno: 10, ...more });
  const raised = codeOf({
    exception: {
      values: [
        {
          type: "KeyError",
          value: "'x'",
          stacktrace: { frames: [frame("inner", { context_line: "d[x]" })] },
        },
        {
          type: "ValueError",
          stacktrace: {
            frames: [
              frame("main", { pre_context: ["a", "b"], context_line: "pay()", post_context: ["c"] }),
              frame("pay", { vars: { card: null }, in_app: false }),
              frame("bare", {}),
            ],
          },
        },
      ],
    },
  });
  expect(raised.map(({ name }) => name)).toEqual(["ValueError", "KeyError: 'x'"]);
  expect(raised[0]?.frames.map(({ name, isOwn }) => [name, isOwn])).toEqual([
    ["pay", false],
    ["main", true],
  ]);
  expect(raised[0]?.frames[1]?.lines).toEqual([
    { number: 8, text: "a", isIt: false },
    { number: 9, text: "b", isIt: false },
    { number: 10, text: "pay()", isIt: true },
    { number: 11, text: "c", isIt: false },
  ]);
});

test.each([
  {},
  { breadcrumbs: 5, exception: "x", request: [] },
  { breadcrumbs: { values: {} }, exception: { values: [null, 1, { stacktrace: { frames: [7, {}] } }] } },
  { request: { url: 7, headers: [["a"], "b"] }, exception: [{ stacktrace: "x" }] },
])("%j is no error", (details) => {
  expect([crumbsOf(details), codeOf(details)]).toEqual([[], []]);
  expect(() => requestOf(details)).not.toThrow();
});

test("a request is read with headers as members or as pairs", () => {
  const read = (headers: unknown) => requestOf({ request: { url: "http://x", headers } })?.headers;
  expect(read({ A: "1" })).toEqual([["A", "1"]]);
  expect(read([["A", "1"], ["odd"]])).toEqual([["A", "1"]]);
});

test.each([
  "Authorization",
  "Cookie",
  "X-Api-Key",
  "access_token",
  "Password",
  "pwd",
  "sessionid",
  "client_secret",
])("%s is a secret", (name) => expect(isSecret(name)).toBe(true));

test.each(["Accept", "amount", "currency", "keyboard", "monkey"])("%s is none", (name) =>
  expect(isSecret(name)).toBe(false),
);

test("a command sends the request again, without its secrets", () => {
  const command = curlOf({
    method: "post",
    url: "https://ada:pass@shop.example/pay?a=1&token=abc&b=%zz",
    query: "",
    headers: [
      ["Content-Type", "application/json"],
      ["Authorization", "Bearer abc"],
      ["Content-Length", "7"],
      ["Bad Name", "x"],
      ["X-Note", "it's\r\nEvil: 1"],
      ["Referer", "https://shop.example/?token=abc&x=1"],
    ],
    data: { amount: 5, card: { number: "abc" }, lines: [{ password: "abc" }] },
  });
  expect(command).toBe(
    [
      "curl --globoff -X 'POST' 'https://ada:***@shop.example/pay?a=1&token=***&b=%zz'",
      "-H 'Content-Type: application/json'",
      "-H 'Authorization: ***'",
      "-H 'X-Note: it'\\''s Evil: 1'",
      "-H 'Referer: https://shop.example/?token=***&x=1'",
      `--data-raw '{"amount":5,"card":"***","lines":[{"password":"***"}]}'`,
    ].join(" \\\n  "),
  );
});

test.each([
  ['{"token": "abc", "a": 1}', '{"token":"***","a":1}'],
  ["a=1&password=abc", "a=1&password=***"],
  ["<password>abc</password>", "<password>***</password>"],
  ["plain @file words", "plain @file words"],
])("the body %s is sent as %s", (data, sent) => {
  expect(curlOf({ ...REQUEST, data })).toContain(`--data-raw '${sent}'`);
});

test("what is no request over HTTP has no command", () => {
  for (const url of ["file:///etc/passwd", "javascript:x", "-o x", "/pay"])
    expect(curlOf({ ...REQUEST, url })).toBeNull();
  expect(curlOf({ ...REQUEST, method: "GET; rm" })).toContain("-X 'GET'");
});
