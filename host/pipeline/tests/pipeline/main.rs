//! What a pipeline file means, and what is said when it means nothing.

mod diagnostics;
mod expansion;
mod graph_mistakes;
mod includes;
mod robustness;
mod selection;
mod workspace;
