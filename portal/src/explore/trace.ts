/**
 * A stack trace as people read it: what went wrong, where in the application, what caused it.
 *
 * In: the text of a trace, of whichever language. Out: its parts, in the order of the text.
 * Promise: every line is in exactly one part, also one that nobody understands; linear time.
 */
import { FRAME_READERS, type Frame, type FrameReader } from "./frames";

export type Part =
  /** What went wrong, what caused that, the words between the two, and all else. */
  | { readonly kind: "error" | "cause" | "link" | "text"; readonly lines: readonly string[] }
  /** Frames of the application, or of libraries, that follow each other. */
  | { readonly kind: "own" | "library"; readonly frames: readonly Frame[] };

export interface Trace {
  readonly parts: readonly Part[];
  readonly frameCount: number;
}

/** More than this nobody reads line by line; the raw text has the rest. */
const MAX_LINES = 2_000;

const LINK =
  /^[\s|]*(?:The above exception was the direct cause|During handling of the above exception|--- End of inner exception stack trace)/;
/** Errors that say by their first words what they are to the one before. */
const CAUSE =
  /^[\s|]*(?:Caused by|Suppressed|Wrapped by|\[cause\]|\[errors\])\s*:|^\s*---> |^Next [\w\\]+: |^caused by: /;
const ERROR =
  /^(?:panic|fatal error|Unhandled exception|Uncaught|Unhandled|PHP Fatal error|Fatal error|Exception in thread|thread ')|^[\w.$\\:]{0,200}(?:Error|Exception|Throwable)(?::|$| )/;
/** The last line of a Python traceback, `payments.Declined: no funds`. */
const PYTHON_ERROR = /^[\s|]*[A-Za-z_][\w.]*(?::|$)/;
const PYTHON_START = /^[\s|+-]*(?:Exception Group )?Traceback \(/;

export function parseTrace(text: string): Trace {
  const lines = text.split(/\r?\n/);
  const builder = new Builder();
  let reader: FrameReader | null = null;
  let at = 0;
  while (at < Math.min(lines.length, MAX_LINES)) {
    const [found, frame] = readFrame(lines, at, reader);
    if (frame) builder.addFrame(frame);
    else builder.addLine(lines[at] ?? "");
    reader = found ?? reader;
    at += frame?.lines.length ?? 1;
  }
  builder.addText(lines.slice(at));
  return builder.trace();
}

function readFrame(
  lines: readonly string[],
  at: number,
  before: FrameReader | null,
): [FrameReader, Frame] | [null, null] {
  const readers = before ? [before, ...FRAME_READERS] : FRAME_READERS;
  for (const reader of readers) {
    const frame = reader(lines, at, before);
    if (frame) return [reader, frame];
  }
  return [null, null];
}

class Builder {
  #parts: Part[] = [];
  #frameCount = 0;

  addFrame(frame: Frame): void {
    this.#frameCount += 1;
    const kind = frame.library === null ? "own" : "library";
    const last = this.#parts.at(-1);
    if (last?.kind === kind) (last.frames as Frame[]).push(frame);
    else this.#parts.push({ kind, frames: [frame] });
  }

  addLine(line: string): void {
    const kind = this.#kindOf(line);
    const last = this.#parts.at(-1);
    if (kind === "text" && last?.kind === "text") (last.lines as string[]).push(line);
    else this.#parts.push({ kind, lines: [line] });
  }

  addText(lines: readonly string[]): void {
    if (lines.length) this.#parts.push({ kind: "text", lines });
  }

  trace(): Trace {
    return { parts: this.#parts, frameCount: this.#frameCount };
  }

  #kindOf(line: string): "error" | "cause" | "link" | "text" {
    if (LINK.test(line)) return "link";
    if (CAUSE.test(line)) return "cause";
    if (ERROR.test(line)) return "error";
    if (!line.trim() || PYTHON_START.test(line)) return "text";
    // The first words say what went wrong; in Python the first ones below the frames do.
    if (this.#parts.length === 0) return "error";
    return this.#isBelowPython() && PYTHON_ERROR.test(line) ? "error" : "text";
  }

  #isBelowPython(): boolean {
    const last = this.#parts.at(-1);
    const frame = last && "frames" in last ? last.frames.at(-1) : undefined;
    return frame?.lines[0]?.includes('File "') ?? false;
  }
}

/** Whose frames they are, each once, in their order: "django, Python". */
export function librariesOf(frames: readonly Frame[]): string {
  const names = [...new Set(frames.map(({ library }) => library ?? ""))];
  const rest = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return names.slice(0, 3).join(", ") + rest;
}

/** The text again, line by line. */
export function linesOf(trace: Trace): string[] {
  return trace.parts.flatMap((part) =>
    "lines" in part ? part.lines : part.frames.flatMap(({ lines }) => lines),
  );
}
