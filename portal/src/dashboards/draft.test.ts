import { expect, test } from "vitest";
import { Draft } from "./draft.svelte";
import { OVERVIEW } from "./overview";
import { readDashboard } from "./shapes";

const kept = { id: 1, version: 2, is_shared: false, owner: "a", can_change: true, changed_at: "" };
const BOARD = readDashboard({ ...OVERVIEW, ...kept });

function opened(): Draft {
  const draft = new Draft();
  draft.take(BOARD);
  draft.edit();
  return draft;
}

test("letters of a name are taken back at once, other changes one by one", () => {
  const draft = opened();
  draft.change({ name: "a" }, "name");
  draft.change({ name: "ab" }, "name");
  draft.removeTile(draft.tiles[0]?.key ?? 0);
  draft.undo();
  expect([draft.shown?.name, draft.tiles.length]).toEqual(["ab", BOARD.tiles.length]);
  draft.undo();
  expect([draft.shown?.name, draft.canUndo, draft.isDirty]).toEqual([BOARD.name, false, false]);
});

test("what is cancelled is as it was, its refreshing too", () => {
  const draft = opened();
  draft.addTile({ kind: "number", title: "New", q: "" });
  draft.refreshS = 300;
  draft.cancel();
  expect([draft.tiles.length, draft.refreshS, draft.isEditing]).toEqual([BOARD.tiles.length, 60, false]);
});

test("a changed tile is the same one on the page, a copy is another", () => {
  const draft = opened();
  const [first] = draft.tiles;
  if (!first) throw new Error("The overview has no tile.");
  draft.changeTile(first.key, { kind: "table", title: "Other", q: "x" });
  draft.duplicateTile(first);
  const keys = draft.tiles.map(({ key }) => key);
  expect(draft.tiles[0]).toMatchObject({ key: first.key, title: "Other" });
  expect(new Set(keys).size).toBe(BOARD.tiles.length + 1);
});

test("what was changed while it was being saved is still to be saved", () => {
  const draft = opened();
  draft.change({ name: "First" });
  const sent = draft.shown;
  draft.change({ name: "Second" });
  draft.takeSaved(sent, { ...BOARD, name: "First", version: 3 });
  expect([draft.isEditing, draft.isDirty, draft.shown?.name, draft.shown?.version]).toEqual([
    true,
    true,
    "Second",
    3,
  ]);
  draft.takeSaved(draft.shown, { ...BOARD, name: "Second", version: 4 });
  expect([draft.isEditing, draft.shown?.name]).toEqual([false, "Second"]);
});

test("the way back from a drag goes past all of its steps", () => {
  const draft = opened();
  const goBack = draft.mark();
  draft.change({ tiles: [] }, "drag 1");
  goBack();
  expect([draft.tiles.length, draft.canUndo]).toEqual([BOARD.tiles.length, false]);
});
