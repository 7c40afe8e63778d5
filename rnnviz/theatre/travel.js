// Tells Python that the browser went back or forward within the page, and to which words. Streamlit knows it too, but
// forgets it when anything else happens in the same moment.

const TRAVELS = new WeakMap();
// What the panels tell Streamlit of the same event goes first, in a message of its own.
const TELL_AFTER = 40;

class Travel {
  constructor() {
    this.path = window.location.pathname;
    this.onPop = (event) => {
      clearTimeout(this.timer);
      if (window.location.pathname !== this.path) return;
      const went = { at: event.timeStamp, search: window.location.search };
      this.timer = setTimeout(() => this.tell("went", went), TELL_AFTER);
    };
    window.addEventListener("popstate", this.onPop);
  }

  destroy() {
    clearTimeout(this.timer);
    window.removeEventListener("popstate", this.onPop);
  }
}

export default function mountTravel({ parentElement, setStateValue }) {
  let travel = TRAVELS.get(parentElement);
  if (!travel) {
    travel = new Travel();
    TRAVELS.set(parentElement, travel);
  }
  travel.tell = setStateValue;
  return () => {
    travel.destroy();
    TRAVELS.delete(parentElement);
  };
}
