// A list to choose one entry from. What is chosen carries its turn, so it is never taken for a choice again, and what
// Python says of an older state does not change what is chosen here.

import { setAttribute, setText } from "../shared/dom.js";
import { turnsOf } from "../shared/turns.js";
import { unpack } from "../shared/unpack.js";

const PICKERS = new WeakMap();

class Picker {
  constructor(parent, { name }) {
    this.turns = turnsOf(name);
    this.root = document.createElement("section");
    this.root.className = "picker";
    this.label = document.createElement("label");
    this.list = document.createElement("select");
    this.list.id = `picker-${name}`;
    this.label.htmlFor = this.list.id;
    this.list.onchange = () => {
      this.turns.act();
      this.turns.kept = this.list.value;
      this.tell("picked", { value: this.list.value, ...this.turns.stamp() });
    };
    this.root.append(this.label, this.list);
    parent.append(this.root);
  }

  update(data, tell) {
    this.tell = tell;
    setText(this.label, data.label);
    setAttribute(this.root, "title", data.help);
    const entries = JSON.stringify(data.entries);
    if (entries !== this.entries) this.fill(data.entries);
    this.entries = entries;
    const shown = this.turns.isAnswered(data) ? data.picked : this.turns.kept;
    if (this.list.value !== shown) this.list.value = shown;
  }

  fill(entries) {
    this.list.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
  }

  destroy() {
    this.root.remove();
  }
}

export default function mountPicker({ data, parentElement, setStateValue }) {
  const given = unpack(data);
  let picker = PICKERS.get(parentElement);
  if (!picker) {
    picker = new Picker(parentElement, given);
    PICKERS.set(parentElement, picker);
  }
  picker.update(given, setStateValue);
  return () => {
    picker.destroy();
    PICKERS.delete(parentElement);
  };
}
