//! Compare: in what two results of one step differ, down to the byte.

use belljar_model::event::{Status, StepReport};
use belljar_model::ports::BlobStore;
use belljar_model::trust::{Contradiction, Difference, contradictions};
use belljar_model::{ActionResult, Fault, Verdict};

/// In what a result differs from the expected one; `None` if in nothing that counts.
///
/// # Errors
/// When a blob cannot be read.
pub(super) fn difference(
    blobs: &dyn BlobStore,
    expected: &ActionResult,
    found: &ActionResult,
) -> Result<Option<Difference>, Fault> {
    let contradictions = contradictions(expected, found);
    if contradictions.is_empty() {
        return Ok(None);
    }
    let mut first_byte = None;
    for contradiction in &contradictions {
        let Contradiction::Output(path, Some(one), Some(two)) = contradiction else { continue };
        if let (Some(one), Some(two)) = (blobs.get(one)?, blobs.get(two)?) {
            first_byte = Some((path.clone(), first_difference(&one, &two)));
            break;
        }
    }
    Ok(Some(Difference { contradictions, first_byte, causes: Vec::new() }))
}

/// The first place in which two contents differ: if one begins with the other, where that ends.
fn first_difference(one: &[u8], two: &[u8]) -> u64 {
    let differs = one.iter().zip(two).position(|(one, two)| one != two);
    differs.unwrap_or_else(|| one.len().min(two.len())) as u64
}

/// The verdict that a run reported.
pub(super) fn verdict_of(report: &StepReport) -> Verdict {
    match report.status {
        Status::Passed => Verdict::Passed,
        _ => Verdict::Failed { code: String::new(), message: report.summary.clone() },
    }
}
