// The head of each of several readings: its name, what it answers at the cursor, after which step it stays with that.

import { answerLine } from "./compare.js";
import { element, setText } from "../shared/dom.js";

export class Heads {
  constructor(node) {
    this.node = node;
    this.heads = [];
  }

  introduce(readings) {
    this.node.hidden = readings.length < 2;
    this.heads = readings.map((reading) => {
      const answer = element("span", { class: "head-answer" });
      const settled = element("span", { class: "head-settled", title: decisionOf(reading)?.words ?? "" });
      const node = element("div", { class: "reading-head" }, element("strong", {}, reading.title), answer, settled);
      const decision = decisionOf(reading);
      setText(settled, decision ? `decided at ${reading.step_word} ${decision.step + 1}` : "");
      return { node, answer };
    });
    this.node.replaceChildren(...this.heads.map(({ node }) => node));
  }

  refresh({ readings, looked, focused }) {
    if (readings.length < 2) return;
    this.heads.forEach(({ node, answer }, i) => {
      const reading = readings[i];
      setText(answer, reading.probabilities ? answerLine(reading, looked.step) : "");
      node.classList.toggle("focused", reading === focused);
    });
  }
}

function decisionOf(reading) {
  return reading.marks.find(({ kind }) => kind === "decision");
}
