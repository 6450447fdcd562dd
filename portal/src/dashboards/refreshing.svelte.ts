/**
 * When everything that is seen is asked anew: by a clock, or because somebody wants it.
 *
 * In: how often. Out: a number that grows each time.
 * Promise: who does not look is asked nothing; what was missed is asked when somebody looks again.
 */
export class Refreshing {
  tick = $state(0);

  #isOverdue = false;

  /** Runs from now on; call while the component begins. 0 seconds: never. */
  follow(everyS: () => number): void {
    $effect(() => {
      if (!everyS()) return;
      const timer = setInterval(() => {
        if (document.hidden) this.#isOverdue = true;
        else this.tick += 1;
      }, everyS() * 1_000);
      return () => clearInterval(timer);
    });
  }

  now(): void {
    this.#isOverdue = false;
    this.tick += 1;
  }

  /** The page came into view, or left it. */
  look(): void {
    if (!document.hidden && this.#isOverdue) this.now();
  }
}
