// How work grows with what it is given, on whatever machine: the twin of tests/growth.py.

import assert from "node:assert/strict";

const [TRIES, MOST, NOTHING] = [3, 10, 3000]; // microseconds of the processor that are not worth comparing

function microseconds(work, given) {
  const start = process.cpuUsage();
  work(given);
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

// Four times what a quarter takes, not sixteen. One try of three is enough: other programs are no fault.
export function assertInProportion(work, whole, quarter) {
  const growths = [];
  do {
    const short = microseconds(work, quarter);
    growths.push(microseconds(work, whole) / Math.max(short, NOTHING));
  } while (growths.at(-1) >= MOST && growths.length < TRIES);
  assert.ok(growths.at(-1) < MOST, `${growths.map((growth) => growth.toFixed(0))} times as long for four times as much`);
}
