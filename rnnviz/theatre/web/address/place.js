// The page's words in the browser's address. Python says which they are; the theatre's own words, and strangers', stay.
// One choice is one entry of the history: words of the same choice (a drawing that grows) replace each other.

import { placedSearch } from "../shared/search.js";
import { turnOf } from "../shared/turns.js";
import { unpack } from "../shared/unpack.js";

const PLACES = new WeakMap();
// Outlives a place: a page that is laid out anew makes a new one. Each page counts its own choices: what a page says
// first after another one is no choice, it completes the address by which it was reached.
const latest = { path: null, choice: null };
// Where the browser went last, by the turn of that trip. Words that Python said before it heard of it (travel.js) are old:
// they must not overwrite that entry, not even by a place that is made anew.
const trips = { path: null, turn: 0 };

// Whether two searches say the same, in whatever order and with or without the version.
export function saysTheSame(one, other) {
  const [first, second] = [one, other].map((search) => {
    const words = new URLSearchParams(search);
    words.delete("v");
    words.sort();
    return words.toString();
  });
  return first === second;
}

// Streamlit sends what comes in one moment as one message, and one message makes one part of the page run. A pen that is
// lifted in the same moment would then not be heard, so asking waits for a moment in which nothing else happens.
function whenIdle(act) {
  if (window.requestIdleCallback) window.requestIdleCallback(act, { timeout: 2000 });
  else setTimeout(act, 50);
}

class Place {
  constructor() {
    this.given = null;
    this.asked = null;
    this.path = window.location.pathname;
    this.onPop = (event) => {
      if (window.location.pathname === this.path) Object.assign(trips, { path: this.path, turn: turnOf(event) });
    };
    window.addEventListener("popstate", this.onPop);
  }

  destroy() {
    clearTimeout(this.timer);
    window.removeEventListener("popstate", this.onPop);
  }

  update(data, tell) {
    if (trips.path !== this.path || data.heard >= trips.turn) this.follow(data);
    if (data.ask === null || data.ask === this.asked) return;
    this.asked = data.ask;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => whenIdle(() => tell("asked", data.ask)), data.after);
  }

  follow(data) {
    const given = JSON.stringify(data.words);
    if (given !== this.given) this.write(data);
    this.given = given;
    Object.assign(latest, { path: this.path, choice: data.choice });
  }

  write({ owned, words, version, choice }) {
    const { pathname, search, hash } = window.location;
    const wanted = placedSearch(search, owned, words, version);
    if (saysTheSame(wanted, search)) return;
    const gentle = latest.path !== this.path || choice === latest.choice;
    const address = pathname + wanted + hash;
    if (gentle) window.history.replaceState(window.history.state, "", address);
    else window.history.pushState({}, "", address);
  }
}

export default function mountPlace({ data, parentElement, setStateValue }) {
  let place = PLACES.get(parentElement);
  if (!place) {
    place = new Place();
    PLACES.set(parentElement, place);
  }
  place.update(unpack(data), setStateValue);
  return () => {
    place.destroy();
    PLACES.delete(parentElement);
  };
}
