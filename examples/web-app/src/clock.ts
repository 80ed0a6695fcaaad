/** How long something takes, as a clock shows it. */

/** Writes seconds as `3:05`, and never shows zero before the time is up. */
export function show(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Reads `3:05` or `185` as seconds, or returns `undefined` if it is neither. */
export function read(text: string): number | undefined {
  const match = /^(?:(\d+):([0-5]\d)|(\d+))$/.exec(text.trim());
  if (match === null) return undefined;
  const [, minutes, seconds, plain] = match;
  return plain === undefined ? Number(minutes) * 60 + Number(seconds) : Number(plain);
}
