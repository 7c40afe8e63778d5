// A box to write in. What is typed is told after a short pause; what Python says never disturbs the one who writes,
// unless it raises the nonce: then it has another text to show.

import { unpack } from "./unpack.js";

const SCRIBES = new WeakMap();
// What was being written when a box was taken down: a page that is laid out anew makes a new one.
const KEPT = new Map();
const PAUSE = 90;
const LONG_PAUSE = 200;
// After so long a rest the next letter begins another edit.
const REST = 5000;
const TALLEST = 320;
// A longer text fills the tallest box anyway and is not measured with every letter; its reading takes longer, too.
const LONG = 4000;

// How many words and characters, as a person counts them.
export function countWords(text) {
  const words = text.match(/\S+/gu)?.length ?? 0;
  let characters = text.length;
  for (let at = 0; at < text.length; at += 1) if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) characters -= 1;
  return { words, characters };
}

export function countSentence({ words, characters }) {
  const many = (count, name) => `${groupedCount(count)} ${name}${count === 1 ? "" : "s"}`;
  return `${many(words, "word")}, ${many(characters, "character")}`;
}

function groupedCount(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

class Scribe {
  constructor(parent, data) {
    this.name = data.name;
    this.edit = 0;
    this.last = -Infinity;
    this.build(parent);
    this.takeUp(data);
    this.observer = new ResizeObserver(() => this.grow());
    this.observer.observe(this.root);
  }

  build(parent) {
    const make = (kind, name) => {
      const node = document.createElement(kind);
      node.className = name;
      return node;
    };
    this.root = make("section", "scribe");
    this.label = make("label", "label");
    this.box = make("textarea", "box");
    Object.assign(this.box, { spellcheck: false, id: `scribe-${this.name}`, dir: "auto" });
    this.label.htmlFor = this.box.id;
    this.count = make("p", "count");
    this.count.id = `${this.box.id}-count`;
    this.box.setAttribute("aria-describedby", this.count.id);
    this.said = make("p", "said");
    this.said.setAttribute("role", "status");
    this.clearButton = make("button", "clear");
    Object.assign(this.clearButton, { type: "button", textContent: "Clear", title: "Empty the box; Ctrl+Z brings the text back" });
    const foot = make("div", "foot");
    foot.append(this.count, this.clearButton);
    this.root.append(this.label, this.box, foot, this.said);
    parent.append(this.root);
    this.listen();
  }

  listen() {
    this.box.oninput = () => this.typed();
    // There are no properties for these two.
    this.box.addEventListener("compositionstart", () => { this.composing = true; });
    this.box.addEventListener("compositionend", () => {
      this.composing = false;
      this.plan();
    });
    this.box.onpaste = (event) => this.pasted(event);
    // The page and the theatre have keys of their own, which mean letters and places in here.
    this.root.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.send();
    };
    this.root.onkeyup = (event) => event.stopPropagation();
    this.root.onkeypress = (event) => event.stopPropagation();
    this.clearButton.onclick = () => this.clear();
  }

  typed() {
    const now = performance.now();
    if (now - this.last > REST) this.edit += 1;
    this.last = now;
    this.grow();
    if (this.box.value.length < this.most) this.say("");
    if (!this.composing) this.plan();
  }

  pasted(event) {
    const length = event.clipboardData?.getData("text/plain").length ?? 0;
    const chosen = this.box.selectionEnd - this.box.selectionStart;
    const left = this.most - (this.box.value.length - chosen);
    if (length <= left) return;
    // The browser cuts it (maxlength); that it did is said here.
    const most = groupedCount(this.most);
    setTimeout(() => this.say(`The box holds ${most} characters; what you pasted was cut there.`));
  }

  plan() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), this.box.value.length > LONG ? LONG_PAUSE : PAUSE);
  }

  send() {
    clearTimeout(this.timer);
    if (this.composing) return;
    this.countNow();
    const text = this.box.value;
    const { nonce, edit } = this;
    if (text === this.told) return;
    this.told = text;
    this.tell("typed", { text: text.toWellFormed?.() ?? text, nonce, edit });
  }

  // As if typed, so that the browser's own undo brings it back.
  clear() {
    this.box.focus();
    this.box.select();
    if (!document.execCommand("delete")) {
      this.box.value = "";
      this.typed();
    }
    this.send();
  }

  countNow() {
    const text = countSentence(countWords(this.box.value));
    if (this.count.textContent !== text) this.count.textContent = text;
    this.clearButton.disabled = this.box.value === "";
  }

  say(text) {
    if (this.said.textContent !== text) this.said.textContent = text;
  }

  grow() {
    const { box } = this;
    const long = box.value.length > LONG;
    if (long && this.tall) return;
    this.tall = long;
    box.style.height = "auto";
    box.style.height = `${long ? TALLEST : Math.min(TALLEST, box.scrollHeight + 2)}px`;
  }

  put(text) {
    clearTimeout(this.timer);
    this.composing = false;
    this.box.value = text;
    this.told = this.box.value;
    this.last = -Infinity;
    this.box.scrollTop = 0;
    this.countNow();
    this.grow();
  }

  takeUp(data) {
    this.nonce = data.nonce;
    this.box.maxLength = data.most;
    const kept = KEPT.get(this.name);
    KEPT.delete(this.name);
    if (!kept || kept.nonce !== data.nonce) {
      this.put(data.text);
      return;
    }
    this.put(kept.text);
    this.edit = kept.edit;
    this.last = kept.last;
    this.told = kept.told;
    if (kept.focused) {
      this.box.focus({ preventScroll: true });
      this.box.setSelectionRange(...kept.selection);
    }
    if (kept.text !== kept.told) this.plan();
  }

  update(data, tell) {
    this.tell = tell;
    this.most = data.most;
    this.box.maxLength = data.most;
    this.box.rows = data.rows;
    this.box.placeholder = data.placeholder;
    this.label.textContent = data.label;
    this.root.title = data.help;
    if (data.nonce === this.nonce) return;
    this.nonce = data.nonce;
    this.put(data.text);
    this.say("");
  }

  destroy() {
    clearTimeout(this.timer);
    this.observer.disconnect();
    const { nonce, edit, last, told, box } = this;
    KEPT.set(this.name, {
      nonce,
      edit,
      last,
      told,
      text: box.value,
      focused: box.getRootNode().activeElement === box,
      selection: [box.selectionStart, box.selectionEnd],
    });
    this.root.remove();
  }
}

export default function mountScribe({ data, parentElement, setStateValue }) {
  const given = unpack(data);
  let scribe = SCRIBES.get(parentElement);
  if (!scribe) {
    scribe = new Scribe(parentElement, given);
    SCRIBES.set(parentElement, scribe);
  }
  scribe.update(given, setStateValue);
  return () => {
    scribe.destroy();
    SCRIBES.delete(parentElement);
  };
}
