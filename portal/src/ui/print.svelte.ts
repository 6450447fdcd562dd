/**
 * Whether the page is on its way to paper: there everything is shown, nothing can be opened.
 *
 * In: the browser's word that it prints, or shows how it would. Out: a reactive value.
 */
import { flushSync } from "svelte";

const paper = matchMedia("print");

class Print {
  current = $state(paper.matches);
}

export const print = new Print();

// The browser draws the paper as soon as it has said so.
addEventListener("beforeprint", () => flushSync(() => (print.current = true)));
addEventListener("afterprint", () => (print.current = paper.matches));
paper.addEventListener("change", () => (print.current = paper.matches));
