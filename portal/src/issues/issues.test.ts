import { afterEach, expect, test, vi } from "vitest";
import type { WholeEvent } from "../api/shapes";
import { USUAL, parseAddress, renderAddress } from "./address";
import { saidOf } from "./history";
import { wishOfKey } from "./keys";
import { asText, fenced, renderMarkdown } from "./markdown";
import type { Issue, WholeIssue } from "./shapes";
import { endOf, orderBack, stateOf, titleOf, toldOf } from "./standing";
import { completeIssues } from "./terms";
import { Triage, ordersBack } from "./triage.svelte";

const NOTHING = { release: null, after_release: null, at: null, more: null, per_hour: null };

function issueOf(part: Partial<Issue> = {}): Issue {
  return {
    id: "7",
    title: "ValueError: no card",
    type: "ValueError",
    culprit: "shop.pay",
    application: "shop",
    severity: 4,
    state: "open",
    state_since: "2026-11-24T10:00:00Z",
    until: NOTHING,
    is_regressed: false,
    assigned_to: null,
    count: 3,
    users: 2,
    first_seen: "2026-11-24T09:00:00Z",
    last_seen: "2026-11-24T10:00:00Z",
    first_release: "1.4.0",
    trend: [0, 1, 2],
    ...part,
  };
}

const WHOLE: WholeIssue = {
  ...issueOf(),
  family: "python",
  grouped_by: ["ValueError", "2 own frames"],
  keys: ["7"],
  first_event: "1",
  history: [],
};

afterEach(() => void vi.restoreAllMocks());

test("what is usual is not in the address", () => {
  expect(renderAddress({})).toBe("/issues");
  expect(parseAddress("/issues", "")).toEqual(USUAL);
});

test("an address is read as it was written", () => {
  const addresses = [
    { ...USUAL, q: "" },
    { ...USUAL, id: "18446744073709551615" },
    { ...USUAL, q: "is:muted a&b", range: { kind: "all" as const }, sort: "users" as const, page: 3 },
  ];
  for (const address of addresses) {
    const { pathname, search } = new URL(renderAddress(address), "http://x");
    expect(parseAddress(pathname, search)).toEqual(address);
  }
});

test.each(["page=0", "page=-1", "page=x", "page=1e99", "sort=odd", "range=odd~"])(
  "%s is no address",
  (query) => {
    const { page, sort } = parseAddress("/issues", query);
    expect([page, sort]).toEqual([1, "seen"]);
  },
);

test("the title is told in two: its type, and what was said", () => {
  expect(titleOf(issueOf())).toEqual(["ValueError", "no card"]);
  expect(titleOf(issueOf({ type: null }))).toEqual(["", "ValueError: no card"]);
  expect(titleOf(issueOf({ title: "something else" }))).toEqual(["", "something else"]);
});

test("how it stands, and what ends that", () => {
  expect(stateOf(issueOf({ is_regressed: true }))).toBe("regressed");
  expect(endOf({ ...NOTHING, release: "1.4" }, "utc")).toBe("in release 1.4");
  expect(endOf({ ...NOTHING, after_release: "1.4" }, "utc")).toBe("in the release after 1.4");
  expect(endOf({ ...NOTHING, at: "2026-11-24T10:00:00Z" }, "utc")).toBe("until 2026-11-24 10:00");
  expect(endOf({ ...NOTHING, more: 1000 }, "utc")).toBe("until 1,000 more errors");
  expect(endOf({ ...NOTHING, per_hour: 10 }, "utc")).toBe("until 10 errors in an hour");
  expect(endOf(NOTHING, "utc")).toBe("");
});

test("an order brings back how an issue was", () => {
  expect(orderBack(issueOf())).toEqual({ state: "open", assigned_to: "" });
  const muted = issueOf({ state: "muted", until: { ...NOTHING, more: 5 }, assigned_to: "a@b.c" });
  expect(orderBack(muted)).toEqual({ state: "muted", more: 5, assigned_to: "a@b.c" });
  const next = issueOf({ state: "resolved", until: { ...NOTHING, after_release: "1" } });
  expect(orderBack(next)).toEqual({ state: "resolved", in_release: "next", assigned_to: "" });
});

test("issues that were alike are brought back at once", () => {
  const back = ordersBack([
    issueOf({ id: "1" }),
    issueOf({ id: "2", state: "ignored" }),
    issueOf({ id: "3" }),
  ]);
  expect(back.map(([, ids]) => ids)).toEqual([["1", "3"], ["2"]]);
});

test("what is selected is named in the order, or searched for when all of it is meant", async () => {
  const sent: unknown[] = [];
  vi.stubGlobal("document", { cookie: "" });
  vi.stubGlobal("fetch", async (path: string, { body }: RequestInit) => {
    sent.push([path, JSON.parse(String(body))]);
    return new Response('{"changed": 2, "issues": ["1", "2"]}');
  });
  const triage = new Triage();
  const issues = [issueOf({ id: "1" }), issueOf({ id: "2", state: "ignored" })];
  const search = { q: "is:open", zone: "UTC", since: "14d", until: null };
  triage.selectAll(issues);
  expect(await triage.order({ state: "resolved" }, issues, search)).toBe(true);
  expect(triage.selected.size).toBe(0);
  expect(triage.told?.text).toBe("2 issues resolved");
  await triage.undo();
  triage.selectAll(issues);
  triage.isWhole = true;
  await triage.order({ state: "muted", more: 5 }, issues, search);
  expect(triage.told?.before).toBeNull();
  expect(await triage.undo()).toBe(false);
  expect(sent).toEqual([
    ["/api/v1/issues/bulk", { state: "resolved", issues: ["1", "2"] }],
    ["/api/v1/issues/bulk", { state: "open", assigned_to: "", issues: ["1"] }],
    ["/api/v1/issues/bulk", { state: "ignored", assigned_to: "", issues: ["2"] }],
    [
      "/api/v1/issues/bulk?zone=UTC",
      { state: "muted", more: 5, search: { q: "is:open", since: "14d", until: "" } },
    ],
  ]);
});

test("a refused order leaves the selection, and says why", async () => {
  vi.stubGlobal("document", { cookie: "" });
  vi.stubGlobal("fetch", async () => new Response('{"error": {"message": "no"}}', { status: 400 }));
  const triage = new Triage();
  triage.turn("7");
  const search = { q: "", zone: "UTC", since: null, until: null };
  expect(await triage.order({ state: "resolved" }, [issueOf()], search)).toBe(false);
  expect([triage.failure, triage.selected.size, triage.isBusy]).toEqual(["no", 1, false]);
});

test("what was done is said", () => {
  expect(toldOf({ assigned_to: "" })).toBe("assigned to nobody");
  expect(toldOf({ assigned_to: "a@b.c" })).toBe("assigned to a@b.c");
  expect(toldOf({ state: "open" })).toBe("opened again");
  expect(toldOf({ comment: "x" })).toBe("commented");
});

test("words about issues are offered without the server", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new Error("asked");
  });
  const { start, suggestions } = await completeIssues("timeout is:re", 13);
  expect(start).toBe(8);
  expect(suggestions.map(({ text }) => text)).toEqual(["is:resolved", "is:regressed"]);
  expect((await completeIssues("-assigned:", 10)).start).toBe(1);
});

test("the history says who did what", () => {
  const said = (what: string, detail: Record<string, unknown> = {}) =>
    saidOf({ at: "", who: null, what, detail }, "utc");
  expect(said("created")).toBe("seen for the first time");
  expect(said("resolved", { after: "1.4" })).toBe("resolved in the release after 1.4");
  expect(said("muted", { at: 1_795_510_800_000_000_000 })).toBe("muted until 2026-11-24 09:00");
  expect(said("assigned", { to: "a@b.c" })).toBe("assigned it to a@b.c");
  expect(said("assigned")).toBe("assigned it to nobody");
  expect(said("merged", { others: ["1", "2"] })).toBe("merged 2 issues into it");
  expect(said("merged", { into: "1" })).toBe("merged it into 1");
  expect(said("split", { others: ["1"] })).toBe("split 1 key off");
  expect(said("split", { off: "1" })).toBe("split it off 1");
  expect(said("something new")).toBe("something new");
});

test("a key of a field is the field's, any other is the page's", () => {
  const target = (isInField: boolean) =>
    ({ closest: () => (isInField ? {} : null) }) as unknown as EventTarget;
  const press = { key: "e", altKey: false, ctrlKey: false, metaKey: false, defaultPrevented: false };
  expect(wishOfKey({ ...press, target: target(false) })).toBe("resolve");
  expect(wishOfKey({ ...press, target: target(false), ctrlKey: true })).toBeNull();
  expect(wishOfKey({ ...press, target: target(true) })).toBeNull();
});

test("text stays text in Markdown", () => {
  expect(asText("# [a](javascript:x)\n<b> `c` *d*")).toBe(
    "\\# \\[a\\](javascript:x) \\<b\\> \\`c\\` \\*d\\*",
  );
  expect(fenced("a\n````\nb")).toBe("`````\na\n````\nb\n`````");
});

test("an issue as Markdown has its facts, the trace, what was before, and no secret", () => {
  const event = {
    timestamp: "2026-11-24T10:00:00Z",
    message: "no card",
    stack_trace: "Traceback\n  pay",
    exception: null,
    environment: "production",
    release: "1.4.0",
    host: null,
    user: "ada",
    details: {
      breadcrumbs: [
        { timestamp: 1_795_510_800, category: "shop", message: "basket opened", data: { token: "abc" } },
      ],
      request: { url: "https://shop.example/pay?token=abc", headers: { Authorization: "Bearer abc" } },
    },
  } as unknown as WholeEvent;
  const text = renderMarkdown(WHOLE, event, "https://logs.example/issues/7");
  expect(text).toContain("# ValueError: no card\n");
  expect(text).toContain("- Errors: 3, of 2 users");
  expect(text).toContain("- Grouped by: ValueError, 2 own frames");
  expect(text).toContain("```\nTraceback\n  pay\n```");
  expect(text).toContain("2026-11-24T09:00:00.000Z shop basket opened");
  expect(text).toContain("Link: <https://logs.example/issues/7>");
  expect(text).not.toContain("abc");
  expect(renderMarkdown(WHOLE, null, "x")).not.toContain("##");
});
