//! Bytes that are no messages.

use belljar_worker::{check_from_worker, check_to_worker};
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_bytes_panic_whoever_reads_them(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        belljar_cases::case!("B12");
        // Whether they are a message is all the same: what counts is that both come back.
        let _ = check_from_worker(&bytes);
        let _ = check_to_worker(&bytes);
    }
}

#[test]
fn what_is_left_over_after_a_message_is_refused() {
    // A question for the stage of the cancellation: the third-last kind of question.
    let ask = [4, 10];
    assert_eq!(check_from_worker(&ask), Ok(()));
    assert!(check_from_worker(&[4, 10, 0]).is_err());
    assert!(check_from_worker(&ask[..1]).is_err(), "cut off");
}
