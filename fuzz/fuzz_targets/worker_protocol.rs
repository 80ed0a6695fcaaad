//! Messages between the host and its workers: any bytes are one or an error, whoever reads them.
#![no_main]

use belljar_worker::{check_from_worker, check_to_worker};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Whether they are a message is all the same: what counts is that both come back.
    let _ = check_from_worker(bytes);
    let _ = check_to_worker(bytes);
});
