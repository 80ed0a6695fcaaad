const KEY = "lantern.theme";

type Theme = "day" | "night";

/** Shows the theme that the reader chose last, or the one that their system prefers. */
export function restoreTheme(root: HTMLElement, storage: Storage): Theme {
  const stored = storage.getItem(KEY);
  const theme: Theme = stored === "day" || stored === "night" ? stored : preferred();
  root.dataset["theme"] = theme;
  return theme;
}

/** Shows the other theme, and remembers it. */
export function toggleTheme(root: HTMLElement, storage: Storage): Theme {
  const theme: Theme = root.dataset["theme"] === "night" ? "day" : "night";
  root.dataset["theme"] = theme;
  storage.setItem(KEY, theme);
  return theme;
}

function preferred(): Theme {
  return matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "day";
}
