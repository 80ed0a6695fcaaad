import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { describe, parseMenu } from "../src/menu.mjs";

test("a line of the menu is an object", () => {
  const menu = "tea,seconds,celsius\nwhite,270,80\n";
  assert.deepEqual(parseMenu(menu), [{ tea: "white", seconds: "270", celsius: "80" }]);
});

test("people read minutes", () => {
  assert.equal(describe({ tea: "white", seconds: 270, celsius: 80 }), "white: 4 min 30 s at 80 °C");
  assert.equal(describe({ tea: "green", seconds: 120, celsius: 75 }), "green: 2 min at 75 °C");
});

test("every tea of our menu can be described", () => {
  const menu = readFileSync(new URL("../../menu/menu.csv", import.meta.url), "utf8");
  for (const tea of parseMenu(menu)) assert.match(describe(tea), /^\w+: \d+ min/);
});
