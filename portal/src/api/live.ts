/**
 * The live tail as a stream of steps, at most one per painted frame.
 *
 * In: a search text, and the zone of its times. Out: calls of `onstep` and `onstate`.
 * Promise: a cut connection is resumed from the last step seen (the browser sends Last-Event-ID;
 * where it gives up, this opens anew with the cursor); many steps in one frame become one.
 */
import { comeback } from "./comeback.svelte";
import { getSession, tailAddress } from "./client";
import { parseJson } from "./json";
import { type Event, type Step, readStep } from "./shapes";

export type LiveState = "connecting" | "open" | "lost";

export interface LiveListener {
  readonly onstep: (step: Step) => void;
  readonly onstate: (state: LiveState) => void;
  /** The stream misses nothing from now on; of what came before it knows nothing. */
  readonly onbegin: () => void;
}

export interface LiveStream {
  close(): void;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

export function openLive(text: string, listener: LiveListener, zone = "UTC"): LiveStream {
  let source: EventSource | null = null;
  let cursor: string | null = null;
  let retryMs = FIRST_RETRY_MS;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;
  const steps = new Coalescer(listener.onstep, onNextFrame);

  function connect(): void {
    if (isClosed) return;
    listener.onstate("connecting");
    let isNew = cursor === null;
    source = new EventSource(tailAddress(text, zone, cursor));
    source.onopen = () => {
      retryMs = FIRST_RETRY_MS;
      comeback.reached();
      listener.onstate("open");
      if (isNew) listener.onbegin();
      isNew = false; // from here on the browser knows where it goes on
    };
    source.addEventListener("events", (message) => {
      cursor = message.lastEventId || cursor;
      steps.add(readStep(parseJson(message.data as string)));
    });
    source.onerror = () => {
      listener.onstate("lost");
      if (source?.readyState === EventSource.CLOSED) retryTimer = setTimeout(reconnect, retryMs);
    };
  }

  /** The browser does not say why it gave up; asking for the session finds out who is logged out. */
  function reconnect(): void {
    retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
    getSession().then(connect, () => {
      if (!isClosed) retryTimer = setTimeout(reconnect, retryMs);
    });
  }

  connect();
  return {
    close() {
      isClosed = true;
      clearTimeout(retryTimer);
      steps.stop();
      source?.close();
    },
  };
}

/** Adds steps up and gives them away together when the schedule calls. */
export class Coalescer {
  #events: Event[] = [];
  #skipped = 0;
  #isScheduled = false;
  #isStopped = false;

  constructor(
    private readonly give: (step: Step) => void,
    private readonly schedule: (call: () => void) => void,
  ) {}

  add(step: Step): void {
    this.#events.push(...step.events);
    this.#skipped += step.skipped;
    if (this.#isScheduled || (!this.#events.length && !this.#skipped)) return;
    this.#isScheduled = true;
    this.schedule(() => this.#flush());
  }

  stop(): void {
    this.#isStopped = true;
  }

  #flush(): void {
    const step = { events: this.#events, skipped: this.#skipped };
    this.#events = [];
    this.#skipped = 0;
    this.#isScheduled = false;
    if (!this.#isStopped) this.give(step);
  }
}

/** A hidden page paints no frames; a timer keeps its stream from piling up. */
function onNextFrame(call: () => void): void {
  if (document.hidden) setTimeout(call, 250);
  else requestAnimationFrame(call);
}
