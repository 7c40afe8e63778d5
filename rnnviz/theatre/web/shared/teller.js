// Tells Python the newest of what a hand does: the next when the last was heard, so that a fast hand never queues up work.

const PATIENCE = 800;

export class Teller {
  constructor(turns, name, patience = PATIENCE) {
    Object.assign(this, { turns, name, patience, waiting: false, wanted: null, send: () => {} });
  }

  // One more act, told at once or when the last one was heard.
  act(words) {
    this.turns.act();
    this.say(words);
  }

  say(words) {
    this.wanted = words;
    if (!this.waiting) this.sayNow();
  }

  sayNow() {
    this.waiting = true;
    const words = this.wanted;
    this.wanted = null;
    this.send(this.name, { ...words, ...this.turns.stamp() });
    clearTimeout(this.losing);
    // An answer that is late, or lost, holds up nothing for long.
    this.losing = setTimeout(() => this.goOn(), this.patience);
  }

  // What Python has heard, as it says with what it hands over; `send` is how to reach it from now on.
  meet({ heard }, send) {
    this.send = send;
    if (this.waiting && heard >= this.turns.told) this.goOn();
  }

  goOn() {
    clearTimeout(this.losing);
    this.waiting = false;
    if (this.wanted) this.sayNow();
  }

  // Whether something was done that will not be told by itself: before this one was there.
  get isBehind() {
    return !this.waiting && this.turns.isUntold;
  }

  destroy() {
    clearTimeout(this.losing);
  }
}
