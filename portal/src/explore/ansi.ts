/**
 * Text from programs made safe and visible: ANSI colours become colours, all other control
 * characters become signs one can see.
 *
 * In: any text. Out: segments of plain text with a style each.
 * Promise: nothing is dropped except the colour codes themselves; linear in the text's length.
 */

export interface Segment {
  readonly text: string;
  /** Space-separated class names, "" for plain text. */
  readonly style: string;
}

interface Pen {
  ink: number | null;
  ground: number | null;
  isBold: boolean;
  isFaint: boolean;
  isItalic: boolean;
  isUnderlined: boolean;
  isStruck: boolean;
  isInverse: boolean;
}

const ESCAPE = "\u001b";

/** `ESC [ numbers m`; colours may be separated by ; or :. */
const COLOUR_CODE = /\u001b\[([\d;:]{0,64})m/y;

/** C0, DEL, C1, line separators, zero-width and direction signs, lone surrogates: none is seen as is. */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** On one line a line break is a sign too; otherwise it breaks the line. */
export function segmentsOf(text: string, isOneLine: boolean): Segment[] {
  const segments: Segment[] = [];
  const pen = freshPen();
  let start = 0;
  for (let at = text.indexOf(ESCAPE); at >= 0; at = text.indexOf(ESCAPE, at)) {
    COLOUR_CODE.lastIndex = at;
    const code = COLOUR_CODE.exec(text);
    if (!code) {
      at += 1;
      continue;
    }
    pushSeen(segments, text.slice(start, at), styleOf(pen), isOneLine);
    usePen(pen, code[1] ?? "");
    at += code[0].length;
    start = at;
  }
  pushSeen(segments, text.slice(start), styleOf(pen), isOneLine);
  return segments;
}

/** The text as one can see it, without styles; for names and titles. */
export function plainTextOf(text: string): string {
  return segmentsOf(text, true)
    .map((segment) => segment.text)
    .join("");
}

/** What the server takes out of a text so that its words are found: colours, links, the cursor. */
const SEQUENCES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()*+][0-9A-Za-z]|[=>78cHM])/g;

/**
 * A text as its program coloured it, for the eye; `original` is the property that keeps it.
 * What says anything but the text is not shown in its place.
 */
export function colouredOf(text: string, original: unknown): string {
  if (typeof original !== "string" || !original.includes(ESCAPE)) return text;
  return original.replace(SEQUENCES, "") === text ? original.replace(SEQUENCES, keepColour) : text;
}

function keepColour(sequence: string): string {
  return sequence.endsWith("m") && sequence.startsWith(`${ESCAPE}[`) ? sequence : "";
}

/** Cuts segments at every place where one of `words` (lower case) stands, and marks these. */
export function markWords(segments: readonly Segment[], words: readonly string[]): Segment[] {
  if (words.length === 0) return [...segments];
  const pattern = new RegExp(words.map(escapePattern).join("|"), "giu");
  return segments.flatMap((segment) => markIn(segment, pattern));
}

function markIn({ text, style }: Segment, pattern: RegExp): Segment[] {
  const pieces: Segment[] = [];
  let start = 0;
  for (const found of text.matchAll(pattern)) {
    if (found.index > start) pieces.push({ text: text.slice(start, found.index), style });
    pieces.push({ text: found[0], style: `${style} found`.trim() });
    start = found.index + found[0].length;
  }
  if (start < text.length) pieces.push({ text: text.slice(start), style });
  return pieces;
}

function escapePattern(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function pushSeen(segments: Segment[], text: string, style: string, isOneLine: boolean): void {
  let start = 0;
  for (const found of text.matchAll(UNSEEN)) {
    const sign = signOf(found[0], text, found.index, isOneLine);
    if (sign === null) continue;
    if (found.index > start) segments.push({ text: text.slice(start, found.index), style });
    if (sign) segments.push({ text: sign, style: `${style} unseen`.trim() });
    start = found.index + found[0].length;
  }
  if (start < text.length) segments.push({ text: text.slice(start), style });
}

/** The sign to show; "" for nothing, null to leave the character as it is. */
function signOf(character: string, text: string, at: number, isOneLine: boolean): string | null {
  const code = character.charCodeAt(0);
  if (character === "\r" && text[at + 1] === "\n") return "";
  if (character === "\n") return isOneLine ? "↵ " : null;
  if (character === "\t") return isOneLine ? " " : null;
  if (code === 0x200d && isJoiningEmoji(text, at)) return null;
  // As terminals write them: ^G, ^[, ^?; few fonts have the pictures of these characters.
  if (code < 0x20 || code === 0x7f) return `^${String.fromCharCode(code ^ 0x40)}`;
  return `‹${code.toString(16).toUpperCase().padStart(4, "0")}›`;
}

/** Families and flags are several emoji held together by a joiner. */
function isJoiningEmoji(text: string, at: number): boolean {
  return /\p{Extended_Pictographic}/u.test(text.slice(at + 1, at + 3));
}

function freshPen(): Pen {
  return {
    ink: null,
    ground: null,
    isBold: false,
    isFaint: false,
    isItalic: false,
    isUnderlined: false,
    isStruck: false,
    isInverse: false,
  };
}

function styleOf(pen: Pen): string {
  const names = [
    pen.ink !== null && `ansi-${pen.ink}`,
    pen.ground !== null && `ansi-on-${pen.ground}`,
    pen.isBold && "ansi-bold",
    pen.isFaint && "ansi-faint",
    pen.isItalic && "ansi-italic",
    pen.isUnderlined && "ansi-underlined",
    pen.isStruck && "ansi-struck",
    pen.isInverse && "ansi-inverse",
  ];
  return names.filter(Boolean).join(" ");
}

function usePen(pen: Pen, code: string): void {
  const numbers = code.split(/[;:]/).map(Number);
  while (numbers.length > 0) useNumber(pen, numbers.shift() ?? 0, numbers);
}

function useNumber(pen: Pen, number: number, rest: number[]): void {
  if (number === 0) Object.assign(pen, freshPen());
  else if (number === 1) pen.isBold = true;
  else if (number === 2) pen.isFaint = true;
  else if (number === 3) pen.isItalic = true;
  else if (number === 4) pen.isUnderlined = true;
  else if (number === 7) pen.isInverse = true;
  else if (number === 9) pen.isStruck = true;
  else if (number === 22) pen.isBold = pen.isFaint = false;
  else if (number === 23) pen.isItalic = false;
  else if (number === 24) pen.isUnderlined = false;
  else if (number === 27) pen.isInverse = false;
  else if (number === 29) pen.isStruck = false;
  else if (number >= 30 && number <= 37) pen.ink = number - 30;
  else if (number === 38) pen.ink = takeColour(rest);
  else if (number === 39) pen.ink = null;
  else if (number >= 40 && number <= 47) pen.ground = number - 40;
  else if (number === 48) pen.ground = takeColour(rest);
  else if (number === 49) pen.ground = null;
  else if (number >= 90 && number <= 97) pen.ink = number - 90;
  else if (number >= 100 && number <= 107) pen.ground = number - 100;
}

/** `5;n` or `2;r;g;b` behind 38 or 48: the nearest of the eight, which both themes can show. */
function takeColour(rest: number[]): number | null {
  const kind = rest.shift();
  if (kind === 5) return nearestOfPalette(rest.shift() ?? 0);
  if (kind === 2) return nearestOfEight(rest.splice(0, 3));
  return null;
}

function nearestOfPalette(index: number): number {
  if (index < 16) return index % 8;
  if (index >= 232) return index < 244 ? 0 : 7;
  const cube = index - 16;
  const levels = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6];
  return nearestOfEight(levels.map((level) => (level ? 55 + 40 * level : 0)));
}

/** A channel counts when it is near the strongest one: red is bit 0, green 1, blue 2. */
function nearestOfEight([red = 0, green = 0, blue = 0]: readonly number[]): number {
  const strongest = Math.max(red, green, blue);
  if (strongest < 64) return 0;
  const isOn = (channel: number) => channel > strongest * 0.6;
  return (isOn(red) ? 1 : 0) | (isOn(green) ? 2 : 0) | (isOn(blue) ? 4 : 0);
}
