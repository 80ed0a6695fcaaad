import assert from "node:assert/strict";
import { test } from "node:test";

import { idle, left, start, tick } from "../src/timer";

test("a timer runs until its time is up", () => {
  const timer = start(1000, 2);
  assert.equal(tick(timer, 2999).state, "running");
  assert.equal(tick(timer, 3000).state, "ready");
});

test("the time that is left never becomes negative", () => {
  const timer = start(0, 2);
  assert.equal(left(timer, 500), 1.5);
  assert.equal(left(timer, 9000), 0);
});

test("a timer that was not started waits", () => {
  assert.equal(tick(idle, 1e9), idle);
  assert.equal(left(idle, 0), 0);
});
