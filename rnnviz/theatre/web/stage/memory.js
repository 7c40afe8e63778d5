// Where a theatre that kept the address stood when it was taken down: one mounted in its place soon after (the page laid
// itself out anew) goes on from there, for the server never hears of a cursor that only moved.

const REMEMBERED_FOR = 5000;
const LEFT_BEHIND = { view: null, at: 0, path: "" };

export function leaveBehind(view, path) {
  Object.assign(LEFT_BEHIND, { view, at: performance.now(), path });
}

// The view to start with, and whether it goes on from one that was left behind.
export function startingView(view, keepsAddress) {
  const { view: left, at, path } = LEFT_BEHIND;
  const isFresh = left !== null && performance.now() - at < REMEMBERED_FOR && path === window.location.pathname;
  if (!isFresh || !keepsAddress) return { view, goesOn: false };
  LEFT_BEHIND.view = null;
  return { view: { ...view, step: left.step, speed: left.speed, presenter: left.presenter }, goesOn: true };
}

// Keys that work wherever the focus is not in a field. All others need the focus inside the theatre, or the page could
// not be scrolled by keyboard.
const KEYS_OUTSIDE = ["ArrowLeft", "ArrowRight", "Home", "End", " ", "Escape"];

// Whether a key pressed with the focus on nothing is meant for a theatre: while it is in sight.
export function isKeyOutside({ key }, root) {
  if (!KEYS_OUTSIDE.includes(key) || document.activeElement !== document.body) return false;
  const { top, bottom } = root.getBoundingClientRect();
  return top < window.innerHeight && bottom > 0;
}
