/** One page as the search sees it. */
export interface Page {
  readonly path: string;
  readonly title: string;
  readonly words: readonly string[];
}

/** Ranks pages by how many of the asked words they hold; pages that hold none are left out. */
export function search(pages: readonly Page[], question: string): Page[] {
  const asked = question.toLowerCase().split(/\s+/u).filter((word) => word.length > 0);
  const ranked = pages.map((page) => ({ page, hits: count(page, asked) }));
  return ranked
    .filter(({ hits }) => hits > 0)
    .sort((left, right) => right.hits - left.hits || left.page.path.localeCompare(right.page.path))
    .map(({ page }) => page);
}

function count(page: Page, asked: readonly string[]): number {
  const words = new Set(page.words);
  return asked.filter((word) => words.has(word)).length;
}
