//! Shape: a graph of steps, and what each of them reads and writes.

use std::ops::Range;

use crate::workbench::BLOCK;

/// How the steps of a graph need each other. Every step reads a file of its own and what the steps
/// that it needs have made, and writes the first block of all that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Ten fans: in each, one step that needs nothing, and all others need that one.
    Wide,
    /// Ten layers: each step needs three of the layer before.
    Layered,
    /// Each step needs the one before.
    Chain,
}

/// A graph of steps. A step needs only such with a lower number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    form: Form,
    steps: u32,
}

/// How many layers or fans a graph has.
const GROUPS: u32 = 10;

/// How many steps of the layer before a step needs.
const NEEDS: u32 = 3;

/// How many files are in one folder.
const IN_FOLDER: u32 = 100;

impl Shape {
    /// A graph of so many steps.
    pub(crate) const fn new(form: Form, steps: u32) -> Self {
        Self { form, steps }
    }

    /// How many steps there are.
    pub(crate) const fn steps(self) -> u32 {
        self.steps
    }

    /// The numbers of the steps.
    pub(crate) const fn each(self) -> Range<u32> {
        0..self.steps
    }

    /// How many steps a layer or a fan has.
    fn width(self) -> u32 {
        (self.steps / GROUPS).max(1)
    }

    /// What a step needs.
    pub(crate) fn needs(self, step: u32) -> Vec<u32> {
        let width = self.width();
        let start = step / width * width;
        match self.form {
            Form::Wide if step == start => Vec::new(),
            Form::Wide => vec![start],
            Form::Chain => step.checked_sub(1).into_iter().collect(),
            Form::Layered if step < width => Vec::new(),
            Form::Layered => {
                let place = step - start;
                let needed = |n| start - width + (place + n) % width;
                (0..NEEDS.min(width)).map(needed).collect()
            }
        }
    }

    /// The steps that nobody needs.
    pub(crate) fn last(self) -> Vec<u32> {
        let mut is_last = vec![true; self.steps as usize];
        for need in self.each().flat_map(|step| self.needs(step)) {
            is_last[need as usize] = false;
        }
        self.each().filter(|step| is_last[*step as usize]).collect()
    }

    /// How many steps have the first one among all that they need, directly or not, and itself.
    pub(crate) fn behind_the_first(self) -> u32 {
        let mut behind = vec![false; self.steps as usize];
        let mut count = 0;
        for step in self.each() {
            let is_behind = step == 0 || self.needs(step).iter().any(|need| behind[*need as usize]);
            behind[step as usize] = is_behind;
            count += u32::from(is_behind);
        }
        count
    }

    /// How many steps need the first one directly, and itself.
    pub(crate) fn beside_the_first(self) -> u32 {
        let needs_it = |step: &u32| *step == 0 || self.needs(*step).contains(&0);
        u32::try_from(self.each().filter(needs_it).count()).unwrap_or(u32::MAX)
    }

    /// How many bytes the file has that only this step reads. In a fan it is half of what the step
    /// writes, so that the other half, and with it a change, comes from what it needs.
    pub(crate) fn own_bytes(self, step: u32) -> usize {
        if self.form == Form::Wide && !self.needs(step).is_empty() { BLOCK / 2 } else { BLOCK }
    }

    /// What a step reads, in order: its own file, and what was made by those that it needs.
    pub(crate) fn files(self, step: u32) -> Vec<String> {
        std::iter::once(own(step)).chain(self.needs(step).into_iter().map(made)).collect()
    }
}

/// A step's name.
pub(crate) fn name(step: u32) -> String {
    format!("s{step}")
}

/// The file that only this step reads.
pub(crate) fn own(step: u32) -> String {
    format!("{}/{step}.in", folder(step))
}

/// The file that this step writes.
pub(crate) fn made(step: u32) -> String {
    format!("{}/{step}.out", folder(step))
}

/// The folder of both, so that whoever has the one has a place for the other.
pub(crate) fn folder(step: u32) -> String {
    format!("files/{}", step / IN_FOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_need_three_of_the_layer_before() {
        let shape = Shape::new(Form::Layered, 1000);
        assert!(shape.needs(99).is_empty());
        assert_eq!(shape.needs(199), [99, 0, 1]);
        assert_eq!(
            shape.files(100),
            ["files/1/100.in", "files/0/0.out", "files/0/1.out", "files/0/2.out"]
        );
        assert_eq!(shape.last(), (900..1000).collect::<Vec<_>>());
        assert_eq!((shape.behind_the_first(), shape.beside_the_first()), (100, 4));
    }

    #[test]
    fn a_change_in_a_fan_reaches_all_of_it() {
        let shape = Shape::new(Form::Wide, 1000);
        assert_eq!((shape.needs(100), shape.needs(199)), (vec![], vec![100]));
        assert_eq!((shape.own_bytes(100), shape.own_bytes(199)), (BLOCK, BLOCK / 2));
        assert_eq!((shape.behind_the_first(), shape.beside_the_first()), (100, 100));
    }

    #[test]
    fn a_chain_has_one_end() {
        let shape = Shape::new(Form::Chain, 20);
        assert_eq!((shape.needs(0), shape.needs(7), shape.last()), (vec![], vec![6], vec![19]));
    }
}
