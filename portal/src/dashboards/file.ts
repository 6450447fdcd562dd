/**
 * Dashboards as files.
 *
 * In: a file that somebody chose; a dashboard. Out: what is sent to be kept; a file to be saved.
 * Promise: what is surely no dashboard is refused here, with the reason; members are the server's to check.
 */
import { isMembers } from "../api/values";
import { type Document, FORMAT, type Order, documentOf } from "./shapes";

/** As the server's own limit. */
const MAX_FILE_BYTES = 512 * 1024;

export async function readFile(file: Pick<File, "name" | "size" | "text">): Promise<Order> {
  if (file.size > MAX_FILE_BYTES)
    throw new Error(
      `“${file.name}” has ${Math.ceil(file.size / 1024).toLocaleString("en")} KiB; a dashboard has at most ${MAX_FILE_BYTES / 1024} KiB.`,
    );
  let value: unknown;
  try {
    value = JSON.parse(await file.text());
  } catch {
    throw new Error(`“${file.name}” is not JSON; choose a file that a dashboard's Export has made.`);
  }
  if (!isMembers(value) || !("format" in value))
    throw new Error(
      `“${file.name}” is no dashboard: an object with the member format ("${FORMAT}") is expected.`,
    );
  return value as unknown as Order;
}

export function fileNameOf(board: Document): string {
  const name = board.name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
  return `${name || "dashboard"}.json`;
}

/** The browser saves it as it saves any download. */
export function saveFile(board: Document): void {
  const content = `${JSON.stringify(documentOf(board), null, 2)}\n`;
  const address = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileNameOf(board);
  link.click();
  URL.revokeObjectURL(address);
}
