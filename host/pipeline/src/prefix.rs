//! PrefixIndex: which of many texts are prefixes of a given one, without looking at all.

/// Texts with a value each, sorted so that the prefixes of a text are found in a few steps.
pub(crate) struct PrefixIndex<'a, T> {
    entries: Vec<Entry<'a, T>>,
}

struct Entry<'a, T> {
    text: &'a str,
    value: T,
    /// The nearest entry before this one whose text is a prefix of this text.
    parent: Option<usize>,
}

impl<'a, T> PrefixIndex<'a, T> {
    /// Sorts the texts. Equal texts stay in their order.
    pub(crate) fn new(mut texts: Vec<(&'a str, T)>) -> Self {
        texts.sort_by_key(|(text, _)| *text);
        let mut entries: Vec<Entry<'a, T>> = Vec::with_capacity(texts.len());
        for (text, value) in texts {
            let mut parent = entries.len().checked_sub(1);
            while let Some(index) = parent
                && !text.starts_with(entries[index].text)
            {
                parent = entries[index].parent;
            }
            entries.push(Entry { text, value, parent });
        }
        Self { entries }
    }

    /// The values of all texts with which `text` starts, the longest first.
    pub(crate) fn prefixes_of(&self, text: &str) -> impl Iterator<Item = &T> {
        // Every prefix of `text` sorts before it, and is a prefix of all that lies between.
        let after = self.entries.partition_point(|entry| entry.text <= text);
        let chain =
            std::iter::successors(after.checked_sub(1), |index| self.entries[*index].parent);
        chain
            .map(|index| &self.entries[index])
            .filter(move |entry| text.starts_with(entry.text))
            .map(|entry| &entry.value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_prefixes_come_longest_first() {
        let index = PrefixIndex::new(vec![("b", 0), ("a", 1), ("", 2), ("ab", 3), ("a", 4)]);
        let found = |text| index.prefixes_of(text).copied().collect::<Vec<_>>();
        assert_eq!(found("abc"), [3, 4, 1, 2]);
        assert_eq!(found("az"), [4, 1, 2]);
        assert_eq!(found("c"), [2]);
    }

    proptest! {
        #[test]
        fn it_finds_what_looking_at_all_finds(
            texts in prop::collection::vec("[ab]{0,4}", 0..12),
            asked in "[ab]{0,5}",
        ) {
            let entries = texts.iter().enumerate().map(|(at, text)| (text.as_str(), at)).collect();
            let mut found: Vec<usize> =
                PrefixIndex::new(entries).prefixes_of(&asked).copied().collect();
            found.sort_unstable();
            let all: Vec<usize> =
                (0..texts.len()).filter(|at| asked.starts_with(&texts[*at])).collect();
            prop_assert_eq!(found, all);
        }
    }
}
