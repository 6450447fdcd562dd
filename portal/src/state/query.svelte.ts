/**
 * The question on the screen, the same as in the address bar.
 *
 * In: the URL, and what people change. Out: reactive values.
 * Promise: every change is in the URL at once; back and forward bring questions back.
 */
import { type Address, parseAddress, renderAddress } from "../router";

export class Query {
  #address = $state.raw<Address>(readAddress());

  readonly text = $derived(this.#address.text);
  readonly range = $derived(this.#address.range);
  readonly isLive = $derived(this.#address.isLive);
  readonly columns = $derived(this.#address.columns);
  readonly view = $derived(this.#address.view);
  readonly id = $derived(this.#address.id);

  /** A new question is a step in the history; moving from event to event is not. */
  change(part: Partial<Address>): void {
    const address = { ...this.#address, ...part };
    const url = renderAddress(address);
    if (url === renderAddress(this.#address)) return;
    const isMove = this.#address.id !== null && part.id !== undefined;
    if (isMove) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    this.#address = address;
  }

  /** Follows the browser's back and forward; call once, gives the way to stop. */
  followHistory(): () => void {
    const follow = () => {
      this.#address = readAddress();
    };
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }
}

function readAddress(): Address {
  return parseAddress(location.pathname, location.search);
}
