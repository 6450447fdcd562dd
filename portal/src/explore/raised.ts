/**
 * What an event raised, as people read it: exceptions as a tree, the program's own frames apart from
 * those of libraries.
 *
 * In: exceptions of the server, the outermost first. Out: how deep each stands, and its frames in
 * runs of one kind. Promise: every frame is in exactly one run, in its order.
 */
import type { Exception, Frame, Relation } from "../api/shapes";

export interface Run {
  readonly isOwn: boolean;
  readonly frames: readonly Frame[];
}

/** How many others stand around an exception: 0 for the outermost. */
export function depthsOf(exceptions: readonly Exception[]): number[] {
  const depths: number[] = [];
  for (const { parent } of exceptions) depths.push(parent === null ? 0 : (depths[parent] ?? 0) + 1);
  return depths;
}

export function runsOf(frames: readonly Frame[]): Run[] {
  const runs: { isOwn: boolean; frames: Frame[] }[] = [];
  for (const frame of frames) {
    const last = runs.at(-1);
    if (last?.isOwn === frame.in_app) last.frames.push(frame);
    else runs.push({ isOwn: frame.in_app, frames: [frame] });
  }
  return runs;
}

/** Whether anything is known but types and messages, which the text says as well. */
export function hasFrames(exceptions: readonly Exception[]): boolean {
  return exceptions.some(({ frames }) => frames.length > 0);
}

/** `com.acme.Shop.pay`: the module is apart from the function where an SDK has sent it. */
export function symbolOf({ module, function: name }: Frame): string {
  if (!module || !name) return name ?? module ?? "";
  return name.startsWith(module) ? name : `${module}.${name}`;
}

/** `pay.py:42:7`, as far as it is known. */
export function placeOf({ file, line, column }: Frame): string {
  if (file === null) return line === null ? "" : `line ${line}`;
  return [file, line, column].filter((part) => part !== null).join(":");
}

/** `Type: message`, or the one that is there. */
export function nameOf({ type, message }: Exception): string {
  if (type === null) return message ?? "";
  return message ? `${type}: ${message}` : type;
}

/** What an exception is to the one it belongs to. */
export const RELATIONS: Readonly<Record<Relation, string>> = {
  cause: "Caused by",
  context: "Raised while dealing with",
  member: "One of the group",
};
