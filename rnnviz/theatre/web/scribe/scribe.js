// A box to write in. What is typed is told after a short pause. What Python has to show instead (a text that somebody
// picked) is taken unless something was typed since they did: see turns.js.

import { nextTurn, turnsOf } from "../shared/turns.js";
import { unpack } from "../shared/unpack.js";

const SCRIBES = new WeakMap();
const PAUSE = 90;
const LONG_PAUSE = 200;
// After so long a rest the next letter begins another edit.
const REST = 5000;
const TALLEST = 320;
const TOUCHES = ["pointerdown", "keydown", "change", "drop"];
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
    this.turns = turnsOf(data.name);
    this.edit = 0;
    this.last = -Infinity;
    this.after = 0;
    this.build(parent);
    const before = this.turns.kept?.();
    const snapshot = () => this.snapshot();
    this.turns.kept = snapshot;
    this.release = () => {
      const last = this.snapshot();
      if (this.turns.kept === snapshot) this.turns.kept = () => last;
    };
    if (before) this.takeUp(before);
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
    // Whoever leaves the box does something else next, and that comes after what was typed.
    this.box.onblur = () => this.send();
    this.onTouch = (event) => this.touched(event);
    for (const kind of TOUCHES) document.addEventListener(kind, this.onTouch, true);
    this.root.onkeyup = (event) => event.stopPropagation();
    this.root.onkeypress = (event) => event.stopPropagation();
    this.clearButton.onclick = () => this.clear();
  }

  // Controls of Streamlit's that may put another text here tell no turn: this says what was typed after they were used.
  touched(event) {
    const isBeside = (node) => node.classList?.contains(`st-key-${this.beside}`);
    if (event.composedPath().some(isBeside)) this.after = nextTurn();
  }

  typed() {
    this.turns.act();
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
    if (!this.turns.isUntold) return;
    const text = this.box.value;
    const { edit, after } = this;
    this.tell("typed", { text: text.toWellFormed?.() ?? text, edit, after, ...this.turns.stamp() });
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
    const { box } = this;
    clearTimeout(this.timer);
    this.composing = false;
    if (box.value !== text) {
      // Whoever has marked all of it goes on to replace it.
      const all = box.selectionStart === 0 && box.selectionEnd === box.value.length && box.value !== "";
      box.value = text;
      if (all) box.setSelectionRange(0, text.length);
    }
    this.last = -Infinity;
    this.box.scrollTop = 0;
    this.countNow();
    this.grow();
  }

  // A page that is laid out anew makes a new box, which goes on where the old one was.
  takeUp({ text, edit, last, after, focused, selection }) {
    this.put(text);
    Object.assign(this, { edit, last, after });
    if (focused) {
      this.box.focus({ preventScroll: true });
      this.box.setSelectionRange(...selection);
    }
    if (this.turns.isUntold) this.plan();
  }

  update(data, tell) {
    this.tell = tell;
    this.most = data.most;
    this.beside = data.beside;
    this.box.maxLength = data.most;
    this.box.rows = data.rows;
    this.box.placeholder = data.placeholder;
    this.label.textContent = data.label;
    this.root.title = data.help;
    const met = this.turns.meet(data);
    if (met === "known") return;
    if (met === "take") {
      this.put(data.text);
      this.say("");
    } else this.tellAgain();
  }

  tellAgain() {
    this.turns.told = 0;
    this.plan();
  }

  snapshot() {
    const { edit, last, after, box } = this;
    const focused = box.getRootNode().activeElement === box;
    return { edit, last, after, text: box.value, focused, selection: [box.selectionStart, box.selectionEnd] };
  }

  destroy() {
    clearTimeout(this.timer);
    this.observer.disconnect();
    for (const kind of TOUCHES) document.removeEventListener(kind, this.onTouch, true);
    this.release();
    this.box.onblur = null;
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
