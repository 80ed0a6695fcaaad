import assert from "node:assert/strict";
import { test } from "node:test";

import { read, show } from "../src/clock";

test("a clock shows minutes and two digits of seconds", () => {
  assert.equal(show(185), "3:05");
  assert.equal(show(59), "0:59");
  assert.equal(show(3600), "60:00");
});

test("zero is shown when the time is up, and not before", () => {
  assert.equal(show(0.2), "0:01");
  assert.equal(show(0), "0:00");
  assert.equal(show(-1), "0:00");
});

test("what is shown can be read again", () => {
  for (const seconds of [0, 1, 59, 60, 61, 3600]) {
    assert.equal(read(show(seconds)), seconds);
  }
});

test("plain seconds are read, and nonsense is not", () => {
  assert.equal(read(" 90 "), 90);
  for (const text of ["", "soon", "1:5", "1:75", "-1", "1:00:00"]) {
    assert.equal(read(text), undefined, text);
  }
});
