import { describe, expect, it } from "vitest";
import { type BoardAddress, parseAddress, renderAddress } from "./address";
import { fileNameOf, readFile } from "./file";
import {
  COLUMNS,
  type Place,
  append,
  inReadingOrder,
  moveBy,
  moveTo,
  resizeBy,
  resizeTo,
  settle,
} from "./layout";
import { OVERVIEW } from "./overview";
import { exploreAddress, textOf, timelineOfCounts } from "./questions";
import { documentOf, readDashboard } from "./shapes";
import { Turns } from "./turns";

const at = (x: number, y: number, w: number, h: number): Place => ({ x, y, w, h });

/** The same numbers every time, so that a failure comes again. */
function dice(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * most);
  };
}

function overlaps(tiles: readonly Place[]): boolean {
  return tiles.some((a, i) =>
    tiles.some((b, j) => i < j && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h),
  );
}

describe("layout", () => {
  it("keeps tiles apart, inside and as high as they can be, whatever is done to them", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const roll = dice(seed);
      let tiles: Place[] = settle(
        Array.from({ length: 1 + roll(8) }, () => at(roll(14), roll(10), 1 + roll(14), 1 + roll(6))),
      );
      for (let step = 0; step < 6; step += 1) {
        const index = roll(tiles.length);
        tiles =
          roll(2) === 0
            ? moveTo(tiles, index, roll(16) - 2, roll(12) - 2)
            : resizeTo(tiles, index, roll(16) - 1, roll(8) - 1);
        expect(overlaps(tiles)).toBe(false);
        for (const { x, y, w, h } of tiles)
          expect(x >= 0 && y >= 0 && w >= 1 && h >= 1 && x + w <= COLUMNS).toBe(true);
        expect(settle(tiles)).toEqual(tiles);
      }
    }
  });

  it("pushes what stands in the way down", () => {
    expect(moveTo([at(0, 0, 6, 2), at(6, 0, 6, 2)], 0, 4, 0)).toEqual([at(4, 0, 6, 2), at(6, 2, 6, 2)]);
  });

  it("passes tiles of other heights by one key", () => {
    const tiles = [at(0, 0, 6, 2), at(0, 2, 6, 4), at(6, 0, 6, 1)];
    const down = moveBy(tiles, 0, 0, 1);
    expect(down).toEqual([at(0, 4, 6, 2), at(0, 0, 6, 4), at(6, 0, 6, 1)]);
    expect(moveBy(down, 0, 0, -1)).toEqual(tiles);
    expect(moveBy(tiles, 0, 0, -1)).toEqual(tiles);
    expect(moveBy(tiles, 2, 1, 0)).toEqual(tiles);
  });

  it("resizes up to the edge and not below one", () => {
    expect(resizeBy([at(8, 0, 4, 1)], 0, 1, 1)).toEqual([at(8, 0, 4, 2)]);
    expect(resizeBy([at(8, 0, 1, 1)], 0, -1, -1)).toEqual([at(8, 0, 1, 1)]);
  });

  it("adds below, and reads line by line", () => {
    expect(append([at(0, 0, 12, 3)], at(5, 5, 3, 3))).toEqual([at(0, 0, 12, 3), at(0, 3, 3, 3)]);
    expect(
      inReadingOrder([at(6, 0, 1, 1), at(0, 1, 1, 1), at(0, 0, 1, 1)]).map(({ x, y }) => [x, y]),
    ).toEqual([
      [0, 0],
      [6, 0],
      [0, 1],
    ]);
  });
});

describe("turns", () => {
  const never = new AbortController().signal;

  it("runs a few at once, the others in their order", async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const work = (number: number) => () => {
      begun.push(number);
      return new Promise<number>((resolve) => ends.push(() => resolve(number)));
    };
    const all = Promise.all([1, 2, 3, 4].map((number) => turns.take(work(number), never)));
    await Promise.resolve();
    expect(begun).toEqual([1, 2]);
    ends[1]?.();
    await new Promise((resolve) => setTimeout(resolve));
    expect(begun).toEqual([1, 2, 3]);
    ends[0]?.();
    ends[2]?.();
    await new Promise((resolve) => setTimeout(resolve));
    ends[3]?.();
    expect(await all).toEqual([1, 2, 3, 4]);
  });

  it("lets who is not wanted any more leave, and gives the turn of a failure on", async () => {
    const turns = new Turns(1);
    const asked: string[] = [];
    let fail: (error: Error) => void = () => {};
    const first = turns.take(() => new Promise((_, reject) => (fail = reject)), never);
    const leaver = new AbortController();
    const second = turns.take(async () => asked.push("second"), leaver.signal);
    const third = turns.take(async () => asked.push("third"), never);
    leaver.abort();
    await expect(second).rejects.toThrow();
    fail(new Error("lost"));
    await expect(first).rejects.toThrow("lost");
    await third;
    expect(asked).toEqual(["third"]);
  });
});

describe("address", () => {
  const address: BoardAddress = {
    id: 12,
    range: { kind: "last", span: "7d" },
    values: { application: ["shop", "a & b"], host: [] },
    isFull: true,
    isEditing: false,
    addition: null,
  };

  it("holds the dashboard, its time and its variables", () => {
    const [path = "", query = ""] = renderAddress(address).split("?");
    expect(path).toBe("/dashboards/12");
    expect(parseAddress(path, query)).toEqual(address);
  });

  it("writes nothing that the dashboard says itself", () => {
    const plain = { ...address, range: null, values: {}, isFull: false };
    expect(renderAddress(plain)).toBe("/dashboards/12");
    expect(renderAddress({ ...plain, id: null, addition: { q: "a | count", kind: "number" } })).toBe(
      "/dashboards?add=a+%7C+count&kind=number",
    );
    expect(parseAddress("/dashboards/12/", "")).toEqual(plain);
    expect(parseAddress("/dashboards/x", "kind=pie&add=")).toEqual({
      ...plain,
      id: null,
      addition: { q: "", kind: "table" },
    });
  });
});

describe("questions", () => {
  it("makes a count of a number without a pipe", () => {
    expect(textOf("number", "severity>=error")).toBe("severity>=error | count");
    expect(textOf("number", "")).toBe("| count");
    expect(textOf("number", "x | avg(ms)")).toBe("x | avg(ms)");
    expect(textOf("line", "x")).toBe("x");
  });

  it("draws counts with the worst first", () => {
    const timeline = timelineOfCounts({
      interval_ms: 10,
      starts: [0, 10],
      series: [
        { name: "info", counts: [1, 2] },
        { name: "fatal", counts: [0, 1] },
      ],
      total: 4,
    });
    expect(timeline.lines.map(({ name }) => name)).toEqual(["fatal", "info"]);
    expect(timeline.stepMs).toBe(10);
  });

  it("opens the explorer with the view that fits", () => {
    const range = { kind: "last", span: "1h" } as const;
    expect(exploreAddress("bar", "| count by user", range)).toBe("/?q=%7C+count+by+user&range=1h&view=bar");
    expect(exploreAddress("line", "x", range)).toBe("/?q=x&range=1h");
    expect(exploreAddress("patterns", "x", range)).toBe("/?q=x&range=1h&view=patterns");
  });
});

describe("files", () => {
  const file = (name: string, content: string, size = content.length) => ({
    name,
    size,
    text: async () => content,
  });

  it("are refused where they are surely no dashboard", async () => {
    await expect(readFile(file("a.json", "{"))).rejects.toThrow("“a.json” is not JSON");
    for (const content of ["[]", "5", "null", '"x"', "{}"])
      await expect(readFile(file("a.json", content))).rejects.toThrow("is no dashboard");
    await expect(readFile(file("a.json", "{}", 10_000_000))).rejects.toThrow("at most 512 KiB");
    expect(await readFile(file("a.json", JSON.stringify(OVERVIEW)))).toEqual(OVERVIEW);
  });

  it("are called like the dashboard", () => {
    expect(fileNameOf({ ...OVERVIEW, name: "Täglich / Shop!" })).toBe("täglich-shop.json");
    expect(fileNameOf({ ...OVERVIEW, name: "…" })).toBe("dashboard.json");
  });
});

describe("documents", () => {
  it("hold what a file has and nothing else", () => {
    const kept = { id: 1, version: 2, is_shared: true, owner: "a", can_change: true, changed_at: "" };
    const read = readDashboard({ ...kept, ...OVERVIEW });
    expect(documentOf(read)).toEqual(OVERVIEW);
  });

  it("begin with a layout that is settled", () => {
    expect(settle(OVERVIEW.tiles)).toEqual(OVERVIEW.tiles);
  });
});
