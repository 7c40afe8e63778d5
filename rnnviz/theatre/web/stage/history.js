// The page's address follows the view without asking the server: the cursor replaces it, a settled choice is an entry
// of its own, and going back brings the view of that entry. Without a history (a sandboxed frame) nothing happens.

import { sameValue, viewOf, viewSearch } from "./address.js";

const CURSOR_AFTER = 250;
const CHOICE_AFTER = 400;

export class PageHistory {
  constructor(adopt) {
    this.adopt = adopt;
    this.active = false;
    this.onPop = (event) => {
      clearTimeout(this.timer);
      this.pushes = false;
      this.chosen = null;
      if (this.active && this.isHere()) this.adopt(viewOf(window.location.search), event);
    };
  }

  turn(active) {
    if (active === this.active) return;
    this.active = active;
    this.path = window.location.pathname;
    if (active) window.addEventListener("popstate", this.onPop);
    else window.removeEventListener("popstate", this.onPop);
  }

  // False once another page of the app has taken the address over.
  isHere() {
    return window.location.pathname === this.path;
  }

  // `chosen` is what was committed (without the cursor); a change of it becomes an entry once the hand rests.
  follow(view, chosen) {
    if (!this.active) return;
    const isChoice = this.chosen !== null && !sameValue(chosen, this.chosen);
    this.pushes ||= isChoice;
    this.chosen = chosen;
    this.view = view;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), this.pushes ? CHOICE_AFTER : CURSOR_AFTER);
  }

  // Also called before a link is copied, so that it says what is on the screen.
  write() {
    clearTimeout(this.timer);
    if (!this.active || !this.view || !this.isHere()) return;
    const { search, pathname, hash } = window.location;
    const wanted = viewSearch(search, this.view);
    const push = this.pushes;
    this.pushes = false;
    if (wanted === search) return;
    try {
      const state = window.history.state;
      if (push) window.history.pushState(state, "", pathname + wanted + hash);
      else window.history.replaceState(state, "", pathname + wanted + hash);
    } catch {
      this.turn(false);
    }
  }

  stop() {
    clearTimeout(this.timer);
    this.turn(false);
  }
}

// Puts a text on the clipboard; false where the browser does not let us.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// The old way, for pages that are not served securely: a classroom server on the local network.
function copyBySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("readonly", "");
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
  }
}
