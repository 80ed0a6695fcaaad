/** Reads a menu: a list of objects with the names of its first line. */
export function parseMenu(text) {
  const [head, ...lines] = text.trim().split("\n").map((line) => line.split(","));
  return lines.map((line) => Object.fromEntries(line.map((value, at) => [head[at], value])));
}

/** Writes one tea for people. */
export function describe({ tea, seconds, celsius }) {
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60 === 0 ? "" : ` ${seconds % 60} s`;
  return `${tea}: ${minutes} min${rest} at ${celsius} °C`;
}
