/** Puts the timer on the page. */

import { show } from "./clock";
import { teas } from "./teas";
import { idle, left, start, tick, type Timer } from "./timer";

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

const clock = element("clock");
let timer: Timer = idle;

function paint(): void {
  const now = performance.now();
  timer = tick(timer, now);
  clock.textContent = show(left(timer, now));
  clock.classList.toggle("ready", timer.state === "ready");
  if (timer.state === "running") requestAnimationFrame(paint);
}

for (const tea of teas) {
  const button = document.createElement("button");
  button.textContent = `${tea.name} ${show(tea.seconds)}`;
  button.addEventListener("click", () => {
    timer = start(performance.now(), tea.seconds);
    paint();
  });
  element("teas").append(button);
}
