/** The teas that the page offers. */

import { read } from "./clock";

/** A kind of tea. */
export interface Tea {
  readonly name: string;
  /** How many seconds it steeps. */
  readonly seconds: number;
}

const MENU = "green 2:00, oolong 3:00, black 3:30, mint 6:00";

/** Reads a menu such as `green 2:00, black 3:30`; what cannot be read is an error. */
export function parseMenu(text: string): Tea[] {
  return text.split(",").map((entry) => {
    const [name, time, ...more] = entry.trim().split(/\s+/);
    const seconds = read(time ?? "");
    if (!name || seconds === undefined || more.length > 0) {
      throw new Error(`not a tea: "${entry.trim()}"`);
    }
    return { name, seconds };
  });
}

/** The teas, in the order of the page. */
export const teas: readonly Tea[] = parseMenu(MENU);
