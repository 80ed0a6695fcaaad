import assert from "node:assert/strict";
import { test } from "node:test";

import { parseMenu, teas } from "../src/teas";

test("a menu has names and times", () => {
  assert.deepEqual(parseMenu("white 4:30, cold 600"), [
    { name: "white", seconds: 270 },
    { name: "cold", seconds: 600 },
  ]);
});

test("what is no tea is refused with its text", () => {
  for (const entry of ["green", "green soon", "green 2:00 hot", ""]) {
    assert.throws(() => parseMenu(entry), { message: `not a tea: "${entry}"` });
  }
});

test("no tea of the page steeps for an hour", () => {
  assert.ok(teas.length > 0);
  for (const tea of teas) assert.ok(tea.seconds < 3600, tea.name);
});
