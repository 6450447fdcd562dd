/**
 * What was there before each change, to go back to step by step.
 *
 * In: states that are never changed themselves. Out: the one before. Promise: at most `MAX_STEPS`
 * are kept; changes of one kind that follow each other (letters of a name, a drag) are one step.
 */
const MAX_STEPS = 100;

export interface Steps<T> {
  readonly states: readonly T[];
  /** Of the last change. */
  readonly kind: string | null;
}

export const NO_STEPS: Steps<never> = { states: [], kind: null };

/** `state` is about to be changed; a kind of null is always a step of its own. */
export function remember<T>({ states, kind: last }: Steps<T>, state: T, kind: string | null): Steps<T> {
  if (kind !== null && kind === last) return { states, kind };
  return { states: [...states, state].slice(-MAX_STEPS), kind };
}

export function goBack<T>({ states }: Steps<T>): { readonly state: T | undefined; readonly steps: Steps<T> } {
  return { state: states.at(-1), steps: { states: states.slice(0, -1), kind: null } };
}
