// Tells Python that the browser went back or forward within the page, and to which words. Streamlit knows it too, but
// forgets it when anything else happens in the same moment. So this says it again until Python has heard of it.

import { turnOf } from "../shared/turns.js";
import { unpack } from "../shared/unpack.js";

const TRAVELS = new WeakMap();
// What the panels tell Streamlit of the same event goes first, in a message of its own.
const TELL_AFTER = 40;
const TELL_AGAIN_AFTER = 1500;
const MOST_TRIES = 20;
// The trip that Python has not heard of. Outlives a mount: a page that is laid out anew makes a new one.
let unheard = null;

class Travel {
  constructor() {
    this.path = window.location.pathname;
    this.onPop = (event) => {
      const { pathname, search } = window.location;
      const turn = turnOf(event);
      unheard = pathname === this.path ? { turn, search, path: pathname, tries: 0 } : null;
      this.plan(TELL_AFTER);
    };
    window.addEventListener("popstate", this.onPop);
    if (unheard?.path === this.path) this.plan(TELL_AFTER);
  }

  destroy() {
    clearTimeout(this.timer);
    window.removeEventListener("popstate", this.onPop);
  }

  update({ heard }) {
    if (unheard && heard >= unheard.turn) unheard = null;
  }

  plan(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.say(), delay);
  }

  say() {
    if (!unheard || unheard.path !== window.location.pathname || unheard.tries === MOST_TRIES) return;
    unheard.tries += 1;
    const { turn, search, tries } = unheard;
    this.tell("went", { turn, search, tries });
    this.plan(TELL_AGAIN_AFTER);
  }
}

export default function mountTravel({ data, parentElement, setStateValue }) {
  let travel = TRAVELS.get(parentElement);
  if (!travel) {
    travel = new Travel();
    TRAVELS.set(parentElement, travel);
  }
  travel.tell = setStateValue;
  travel.update(unpack(data));
  return () => {
    travel.destroy();
    TRAVELS.delete(parentElement);
  };
}
