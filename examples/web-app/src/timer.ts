/** A timer as a value: it knows no clock and no page, so that it is easy to test. */

/** What a timer is doing. Times are in milliseconds, as `performance.now()` counts them. */
export type Timer =
  | { readonly state: "idle" }
  | { readonly state: "running"; readonly until: number }
  | { readonly state: "ready" };

/** A timer that waits to be started. */
export const idle: Timer = { state: "idle" };

/** Starts it at `now`, whatever it did before. */
export function start(now: number, seconds: number): Timer {
  return { state: "running", until: now + seconds * 1000 };
}

/** What it has become by `now`. */
export function tick(timer: Timer, now: number): Timer {
  return timer.state === "running" && now >= timer.until ? { state: "ready" } : timer;
}

/** The seconds that are left at `now`. */
export function left(timer: Timer, now: number): number {
  return timer.state === "running" ? Math.max(0, timer.until - now) / 1000 : 0;
}
