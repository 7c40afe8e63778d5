// What the hand does on the stage. Mouse: pointing previews, a click pins, a drag along time selects a span. Finger: a
// drag along time moves the cursor, or selects a span while that is switched on; a tap pins.

const FAR_ENOUGH = 5;

export class Gestures {
  constructor(theatre) {
    this.theatre = theatre;
    this.drag = null;
    this.selecting = false;
    const { stage } = theatre.nodes;
    stage.onpointerdown = (event) => this.start(event);
    stage.onpointermove = (event) => (this.drag ? this.pull(event) : this.point(event));
    stage.onpointerup = (event) => this.finish(event);
    stage.onpointercancel = () => this.forget();
    stage.onpointerleave = () => this.leave();
  }

  start(event) {
    if (event.button !== 0 || event.target.closest("button")) return;
    const place = this.theatre.stage.locate(event);
    if (!place || place.step === null) return;
    this.drag = { ...place, x: event.clientX, y: event.clientY, id: event.pointerId, moved: false };
  }

  pull(event) {
    const { drag, theatre } = this;
    if (event.pointerId !== drag.id) return;
    const far = Math.abs(event.clientX - drag.x);
    if (!drag.moved && (far < FAR_ENOUGH || far < Math.abs(event.clientY - drag.y))) return;
    if (!drag.moved) this.hold(event);
    drag.moved = true;
    const step = theatre.stage.locate(event, drag.cell).step;
    if (step === drag.last) return;
    drag.last = step;
    if (event.pointerType === "touch" && !this.selecting) theatre.dispatch({ type: "seek", step });
    else theatre.dispatch({ type: "span", first: drag.step, last: step });
  }

  hold(event) {
    this.hideTip();
    this.theatre.dispatch({ type: "leave" });
    try {
      this.theatre.nodes.stage.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that is gone already cannot be held; the drag goes on without.
    }
  }

  finish(event) {
    const { drag, theatre } = this;
    if (!drag || event.pointerId !== drag.id) return;
    this.drag = null;
    if (drag.moved) return;
    theatre.dispatch({ type: "pin", step: drag.step, unit: drag.unit });
    if (event.pointerType === "touch") this.showTip(event, drag);
  }

  forget() {
    this.drag = null;
  }

  leave() {
    this.hideTip();
    if (!this.drag?.moved) this.theatre.dispatch({ type: "leave" });
  }

  point(event) {
    if (event.pointerType === "touch") return;
    const place = this.theatre.stage.locate(event);
    if (!place || place.step === null) {
      this.leave();
      return;
    }
    const { band, cell, step, unit } = place;
    this.theatre.speakOf(cell.direction);
    this.theatre.dispatch({ type: "hover", step, unit, panel: band.id, reading: cell.index });
    this.showTip(event, place);
  }

  hideTip() {
    this.theatre.nodes.tip.hidden = true;
  }

  showTip(event, place) {
    const { tip, stage } = this.theatre.nodes;
    const text = this.theatre.tipOf(place);
    if (tip.textContent !== text) tip.textContent = text;
    tip.hidden = false;
    const box = stage.getBoundingClientRect();
    const x = Math.min(Math.max(event.clientX - box.left + 14, 0), box.width - tip.offsetWidth);
    tip.style.transform = `translate(${x}px, ${event.clientY - box.top + 18}px)`;
  }
}
