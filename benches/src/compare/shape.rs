//! Shape: one graph of steps, written down for Belljar and for ninja.

use std::fmt::Write as _;

/// Layers of steps. Each reads a file of its own and what three steps of the layer before have
/// made, and writes the first block of all that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// How many layers.
    pub(crate) layers: u32,
    /// How many steps a layer has.
    pub(crate) width: u32,
}

/// How many steps of the layer before a step needs.
const NEEDS: u32 = 3;

impl Shape {
    /// How many steps there are.
    pub(crate) const fn steps(self) -> u32 {
        self.layers * self.width
    }

    /// The steps by layer and place.
    pub(crate) fn each(self) -> impl Iterator<Item = (u32, u32)> {
        (0..self.layers).flat_map(move |layer| (0..self.width).map(move |place| (layer, place)))
    }

    /// Belljar's pipeline file.
    pub(crate) fn pipeline(self) -> String {
        let mut text = "schema = 1\n\n[plugins]\ncopy = { path = \"copy_all.wasm\" }\n".to_owned();
        for (layer, place) in self.each() {
            let files = self.files(layer, place).map(|file| format!("{file:?}"));
            let files = files.collect::<Vec<_>>().join(", ");
            let needs = self.needs(layer, place).map(|(l, p)| format!("\"s{l}-{p}\""));
            let needs = needs.collect::<Vec<_>>().join(", ");
            let made = made(layer, place);
            let _ = writeln!(
                text,
                "\n[step.s{layer}-{place}]\nuses = \"copy\"\nneeds = [{needs}]\n\
                 inputs = [{files}]\noutputs = [\"{made}\"]\n\
                 with = {{ from = [{files}], to = \"{made}\" }}"
            );
        }
        text
    }

    /// Ninja's file for the same work.
    pub(crate) fn ninja(self) -> String {
        let mut text = "rule copy\n  command = cat $in | head -c 4096 > $out\n".to_owned();
        for (layer, place) in self.each() {
            let files = self.files(layer, place).collect::<Vec<_>>().join(" ");
            let _ = writeln!(text, "build {}: copy {files}", made(layer, place));
        }
        text
    }

    /// Ninja's file for the least work that makes the same files: one `cat` of one file. It has
    /// the same graph, but does not read what it needs.
    pub(crate) fn ninja_least(self) -> String {
        let mut text = "rule copy\n  command = cat $in > $out\n".to_owned();
        for (layer, place) in self.each() {
            let files: Vec<_> = self.files(layer, place).collect();
            let (own, needs) = (&files[0], files[1..].join(" "));
            let _ = writeln!(text, "build {}: copy {own} | {needs}", made(layer, place));
        }
        text
    }

    fn needs(self, layer: u32, place: u32) -> impl Iterator<Item = (u32, u32)> {
        let before = layer.checked_sub(1).into_iter();
        before.flat_map(move |before| (0..NEEDS).map(move |n| (before, (place + n) % self.width)))
    }

    fn files(self, layer: u32, place: u32) -> impl Iterator<Item = String> {
        let needed = self.needs(layer, place).map(|(layer, place)| made(layer, place));
        std::iter::once(own(layer, place)).chain(needed)
    }
}

/// The file that only this step reads.
pub(crate) fn own(layer: u32, place: u32) -> String {
    format!("in/{layer}/{place}.txt")
}

/// The file that this step writes.
pub(crate) fn made(layer: u32, place: u32) -> String {
    format!("out/{layer}/{place}.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_have_every_step() {
        let shape = Shape { layers: 2, width: 4 };
        assert_eq!(shape.pipeline().matches("[step.").count(), 8);
        assert_eq!(shape.ninja().matches("\nbuild ").count(), 8);
        let last = "build out/1/3.txt: copy in/1/3.txt out/0/3.txt out/0/0.txt out/0/1.txt\n";
        assert!(shape.ninja().contains(last));
        assert!(shape.pipeline().contains("needs = [\"s0-3\", \"s0-0\", \"s0-1\"]"));
    }
}
