import { afterAll, beforeEach, expect, test, vi } from "vitest";

/** What a page says that a server below this root has sent. */
function stand(root: string): void {
  vi.stubGlobal("document", { querySelector: () => ({ content: root }) });
  vi.stubGlobal("location", { origin: "https://example.org" });
}

beforeEach(() => void vi.resetModules());

// Other tests are of a server at the top of its host.
afterAll(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test("at the top of a host an address is the path", async () => {
  stand("");
  const { linkTo, pathOf, urlOf } = await import("./root");
  expect(linkTo("/login")).toBe("/login");
  expect(pathOf("/events/5")).toBe("/events/5");
  expect(urlOf("/api/Log")).toBe("https://example.org/api/Log");
});

test("below a root every address begins with it, and every path is read without it", async () => {
  stand("/logs");
  const { linkTo, pathOf, urlOf } = await import("./root");
  for (const path of ["/", "/events/5", "/dashboards"]) expect(pathOf(linkTo(path))).toBe(path);
  expect(linkTo("/api/v1/events?q=x")).toBe("/logs/api/v1/events?q=x");
  expect(urlOf("")).toBe("https://example.org/logs");
  expect(pathOf("/logs")).toBe("/");
});

test("a path that merely begins like the root is not below it", async () => {
  stand("/logs");
  const { pathOf } = await import("./root");
  expect(pathOf("/logsx/events/5")).toBe("/logsx/events/5");
});

test("the address bars of the explorer and of the dashboards stand below the root", async () => {
  stand("/logs");
  const explorer = await import("./router");
  const boards = await import("./dashboards/address");
  const address = explorer.parseAddress("/logs/events/5", "?q=x");
  expect(address.id).toBe("5");
  expect(explorer.renderAddress(address)).toBe("/logs/events/5?q=x");
  expect(boards.parseAddress("/logs/dashboards/12", "").id).toBe(12);
  expect(boards.renderAddress(boards.parseAddress("/logs/dashboards/12", ""))).toBe("/logs/dashboards/12");
});

test("what the server is asked by link, stream or file stands below the root", async () => {
  stand("/logs");
  const { exportAddress, tailAddress } = await import("./api/client");
  const scope = { text: "x", zone: "UTC", since: null, until: null };
  expect(tailAddress("x", "UTC", null)).toBe("/logs/api/v1/events/tail?q=x");
  expect(exportAddress(scope, "csv", [])).toBe("/logs/api/v1/export?q=x&format=csv");
});
