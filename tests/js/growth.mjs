// How work grows with what it is given, on whatever machine: the twin of tests/growth.py.

import assert from "node:assert/strict";

const [TRIES, MOST, NOTHING] = [3, 64, 1000]; // microseconds of the processor that are not worth comparing

function microseconds(work, given) {
  const start = process.cpuUsage();
  work(given);
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

// 16 times what a sixteenth takes, not 256; 64 is allowed. The least of some tries: other programs are no fault.
export function assertInProportion(work, whole, sixteenth) {
  const least = (given) => Math.min(...Array.from({ length: TRIES }, () => microseconds(work, given)));
  const growth = least(whole) / Math.max(least(sixteenth), NOTHING);
  assert.ok(growth < MOST, `${growth.toFixed(0)} times as long for 16 times as much`);
}
