// "Copy link". Where the page's address leaves something out that is on the screen (one's own text), it asks first
// whether the link shall have it. Then it says what was copied and who can see it.

import { buildButton, element, setText } from "../shared/dom.js";
import { copyText } from "./history.js";
import { placedSearch } from "../shared/search.js";

const SHOWN_FOR = 8000;
const LABEL = "Copy link";

// What is said once the link is on the clipboard, or could not be put there. `withheld` is a Withheld of
// rnnviz/explorer/parts/components.py; null where the address leaves out nothing.
export function copiedSentence(done, withheld, isWhole) {
  if (!done) return "The link could not be copied. Copy it from the address bar.";
  if (!withheld) return "Link copied.";
  if (isWhole) return `Link copied, with ${withheld.what}. Everybody who has the link can read it.`;
  return `Link copied, without ${withheld.what}. People who open it elsewhere see the example text.`;
}

export class LinkCopier {
  constructor(button, place, prepare) {
    Object.assign(this, { button, place, prepare, withheld: null });
    this.asked = element("p", { class: "link-asked" });
    const [read, hidden] = ["Everybody who has the link can read it", "People who open it see the example text"];
    this.whole = buildButton("Copy with it", read, () => this.copy(true));
    this.bare = buildButton("Copy without it", hidden, () => this.copy(false));
    this.cancel = buildButton("Cancel", "Copy nothing (Esc)", () => this.close(), "plain");
    this.buttons = element("div", { class: "link-buttons" }, this.whole, this.bare, this.cancel);
    this.said = element("p", { class: "link-said", role: "status" });
    const question = { class: "link-question", role: "group", "aria-label": LABEL, hidden: true };
    this.question = element("div", question, this.asked, this.buttons);
    place.append(this.question, this.said);
    button.onclick = () => this.start();
    this.question.onkeydown = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    };
  }

  // What the page's address leaves out may change at any time; an open question about something else is closed.
  update(withheld) {
    const key = JSON.stringify(withheld ?? null);
    if (key === this.key) return;
    this.key = key;
    this.withheld = withheld ?? null;
    if (!this.question.hidden) this.close();
  }

  start() {
    this.say("");
    if (this.withheld?.is_in === false) this.ask();
    else this.copy(true);
  }

  ask() {
    const { what, words } = this.withheld;
    const tooLong = `This link does not contain ${what}, which is too long for a link (about 600 words at most).`;
    setText(this.asked, words ? `This link does not contain ${what}. Include it?` : tooLong);
    setText(this.whole, `Copy with ${what}`);
    setText(this.bare, words ? "Copy without it" : `Copy without ${what}`);
    this.whole.hidden = !words;
    this.question.hidden = false;
    (words ? this.whole : this.bare).focus();
  }

  // What Escape does first: true when there was an open question to close.
  closeQuestion() {
    if (this.question.hidden) return false;
    this.close();
    return true;
  }

  close() {
    this.question.hidden = true;
    this.button.focus();
  }

  async copy(isWhole) {
    this.prepare();
    if (!this.question.hidden) this.close();
    const { withheld } = this;
    const adds = isWhole && withheld?.is_in === false;
    const { origin, pathname, search, hash } = window.location;
    const words = adds ? placedSearch(search, withheld.owned, withheld.words, withheld.version) : search;
    const link = origin + pathname + words + hash;
    this.say(copiedSentence(await copyText(link), withheld, isWhole));
  }

  say(text) {
    clearTimeout(this.timer);
    setText(this.said, text);
    if (text) this.timer = setTimeout(() => setText(this.said, ""), SHOWN_FOR);
  }

  stop() {
    clearTimeout(this.timer);
  }
}
