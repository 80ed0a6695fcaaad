//! What the store keeps of an execution: any bytes are a value of ours or an error.
#![no_main]

use belljar_model::event::LogLine;
use belljar_model::ports::Past;
use belljar_model::{ActionResult, Trace, WorkspacePath};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(result) = postcard::from_bytes::<ActionResult>(bytes) {
        for output in &result.outputs {
            let parsed = WorkspacePath::parse(output.path.as_str());
            assert!(output.path.is_root() || parsed.as_ref() == Ok(&output.path), "it leads out");
        }
        let again = postcard::to_allocvec(&result).expect("what was read can be written");
        assert_eq!(postcard::from_bytes::<ActionResult>(&again), Ok(result));
    }
    if let Ok(trace) = postcard::from_bytes::<Trace>(bytes) {
        let again = postcard::to_allocvec(&trace).expect("what was read can be written");
        assert_eq!(postcard::from_bytes::<Trace>(&again), Ok(trace));
    }
    let _ = postcard::from_bytes::<Past>(bytes);
    if let Some(lines) = LogLine::decode(bytes) {
        assert_eq!(LogLine::decode(&LogLine::encode(&lines)), Some(lines));
    }
});
