//! Table: aligned columns for lists.

use unicode_width::UnicodeWidthStr as _;

use crate::sanitize;
use crate::style::{Style, Tone};

/// How a column is aligned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells under a heading. Cells are made harmless and never cut.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<String>,
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table; all columns are aligned left.
    pub fn new(headings: &[&str]) -> Self {
        let aligns = vec![Align::Left; headings.len()];
        Self {
            headings: headings.iter().map(|&text| text.to_owned()).collect(),
            aligns,
            rows: vec![],
        }
    }

    /// Aligns a column, counted from 0, to the right.
    #[must_use]
    pub fn right(mut self, column: usize) -> Self {
        if let Some(align) = self.aligns.get_mut(column) {
            *align = Align::Right;
        }
        self
    }

    /// Adds a row. Cells that are missing are empty; cells beyond the headings are dropped.
    pub fn row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let cells = cells.into_iter().map(|cell| sanitize::line(cell.as_ref()).into_owned());
        let empty = std::iter::repeat_with(String::new);
        self.rows.push(cells.chain(empty).take(self.headings.len()).collect());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines, without blanks at their ends.
    pub fn render(&self, style: &Style) -> String {
        let mut widths: Vec<_> = self.headings.iter().map(|text| text.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        let mut text = style.paint(Tone::Strong, &self.line(&self.headings, &widths));
        text.push('\n');
        for row in &self.rows {
            text.push_str(&self.line(row, &widths));
            text.push('\n');
        }
        style.finish(text)
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, &width), align) in cells.iter().zip(widths).zip(&self.aligns) {
            let gap = " ".repeat(width - cell.width());
            let (before, after) = match align {
                Align::Left => ("", gap.as_str()),
                Align::Right => (gap.as_str(), ""),
            };
            line.push_str(&format!("{before}{cell}{after}  "));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_looks() {
        let mut table = Table::new(&["STEP", "SIZE", "DOC"]).right(1);
        table.row(["lint", "3 B", "checks"]);
        table.row(["漢字", "12 KiB", ""]);
        table.row(["evil\u{1b}[2J\n", "1 B", "x", "dropped"]);
        assert_snapshot!(table.render(&Style::plain()), @r"
        STEP               SIZE  DOC
        lint                3 B  checks
        漢字             12 KiB
        evil\u{1b}[2J\n     1 B  x
        ");
    }
}
