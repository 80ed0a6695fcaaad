//! Workers that lie, hang or talk nonsense: each is a thread with the other end of the socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use belljar_model::ports::{BlobSource, BlobStore, BlobWriter, Cancel};
use belljar_model::{Digest, Directory, Entry, Fault, Node, WorkspacePath};
use bytes::Bytes;
use proptest::prelude::*;

use super::answers::Answers;
use super::scope::Scope;
use super::talk::{Stopped, Vigil, talk};
use crate::message::{
    AT_ONCE, Answer, Ask, Call, Done, FromWorker, OutletAsk, SentGuest, ToWorker,
};
use crate::stream::{Broken, Endless, Stream};

/// A store that has every blob which anybody asks for, with the same content.
struct Everything;

impl BlobSource for Everything {
    fn get(&self, _: &Digest) -> Result<Option<Bytes>, Fault> {
        Ok(Some(Bytes::from_static(b"canary")))
    }
}

impl BlobStore for Everything {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        Ok(Digest::of(bytes))
    }
    fn contains(&self, _: &Digest) -> bool {
        true
    }
    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        unreachable!("no liar begins a blob")
    }
}

fn call() -> Call {
    Call::Describe { code: SentGuest { digest: Digest::of(b""), label: String::new() } }
}

/// Talks to `liar` about a call whose tree holds one file with the content `input`.
fn talk_to(
    liar: impl FnOnce(UnixStream) + Send + 'static,
    time: Duration,
) -> (Result<(), Broken>, Option<Stopped>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let liar = thread::spawn(move || liar(theirs));
    let cancel = Cancel::new();
    let node = Node::File { digest: Digest::of(b"input"), executable: false };
    let entry = Entry { path: WorkspacePath::parse("a/in").unwrap(), node };
    let mut answers = Answers::nothing(&Everything, &Everything, &cancel);
    answers.scope = Scope::new(Some(Directory::from_entries([entry]).into()), []);
    answers.limited(1_000, 1_000);
    let mut vigil = Vigil::new(&cancel, time);
    let mut stream = Stream::new(ours);
    let talked = talk(&mut stream, (call(), &[]), &mut answers, &mut vigil).map(drop);
    let stopped = vigil.stopped;
    drop(stream);
    liar.join().unwrap();
    (talked, stopped)
}

/// A worker that asks one thing, and then says that it is done if it got an answer.
fn asks(ask: Ask) -> Result<(), Broken> {
    let liar = move |socket| {
        let mut stream = Stream::new(socket);
        let _: ToWorker = stream.receive(&mut Endless).unwrap();
        let raw: &[u8] = if matches!(ask, Ask::Put { .. }) { b"12345" } else { b"" };
        stream.send(&FromWorker::Ask(Box::new(ask)), raw, &mut Endless).unwrap();
        if let Ok(ToWorker::Answer(answer)) = stream.receive(&mut Endless) {
            assert!(!matches!(answer, Answer::Failed(_)));
            let done = Done::Described(Err(crate::fault::own("done").into()));
            let _ = stream.send(&FromWorker::Done(Box::new(done)), &[], &mut Endless);
        }
    };
    talk_to(liar, Duration::from_secs(60)).0
}

#[track_caller]
fn is_denied(ask: Ask) {
    match asks(ask) {
        Err(Broken::Protocol(_)) => {}
        other => panic!("it was not denied: {other:?}"),
    }
}

#[test]
fn a_worker_reads_nothing_but_what_its_call_names() {
    belljar_cases::case!("B13");
    let foreign = Digest::of(b"of another step");
    let inputs = |now, then| Ask::Inputs { now, then };
    is_denied(inputs(vec![foreign], Vec::new()));
    is_denied(inputs(vec![Digest::of(b"input"), foreign], Vec::new()));
    is_denied(inputs(vec![Digest::of(b"input"); 1 + AT_ONCE.files], Vec::new()));
    is_denied(inputs(Vec::new(), Vec::new()));
    is_denied(inputs(vec![Digest::of(b"input")], vec![foreign]));
    is_denied(Ask::Stored(foreign));
    is_denied(Ask::Folders(vec![foreign]));
    is_denied(Ask::Code);
    is_denied(Ask::Outlet(OutletAsk::Read(WorkspacePath::root())));
    is_denied(Ask::Tools(Vec::new()));
    is_denied(Ask::Append { writer: 7, size: 5 });
    is_denied(Ask::Finish(7));
    is_denied(Ask::Put { size: u64::MAX });
    asks(inputs(vec![Digest::of(b"input")], Vec::new())).unwrap();
    asks(Ask::Put { size: 5 }).unwrap();
}

#[test]
fn a_worker_cannot_find_out_what_the_store_holds() {
    belljar_cases::case!("B13");
    let liar = |socket| {
        let mut stream = Stream::new(socket);
        let _: ToWorker = stream.receive(&mut Endless).unwrap();
        let ask = Ask::Contains(Digest::of(b"of another step"));
        stream.send(&FromWorker::Ask(Box::new(ask)), &[], &mut Endless).unwrap();
        let answer = stream.receive::<ToWorker>(&mut Endless).unwrap();
        assert!(matches!(answer, ToWorker::Answer(Answer::Flag(false))), "it is there");
    };
    assert!(matches!(talk_to(liar, Duration::from_secs(60)).0, Err(Broken::Gone)));
}

#[test]
fn a_worker_that_hangs_is_given_up_soon_after_its_time() {
    belljar_cases::case!("B01", "B02");
    // One that says nothing, and one that sends a byte now and then.
    for drips in [false, true] {
        let liar = move |mut socket: UnixStream| {
            if drips {
                while socket.write_all(&[1]).is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
            } else {
                let mut bytes = [0; 4_096];
                while socket.read(&mut bytes).is_ok_and(|read| read > 0) {}
            }
        };
        let (since, time) = (Instant::now(), Duration::from_millis(100));
        let (talked, stopped) = talk_to(liar, time);
        assert!(matches!(talked, Err(Broken::Stopped)), "{talked:?}");
        assert_eq!(stopped, Some(Stopped::TimeUp));
        // The thread of the liar is waited for, too; the bound itself is 150 ms.
        assert!(since.elapsed() < time + Duration::from_millis(900), "{:?}", since.elapsed());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nonsense_ends_the_conversation_and_nothing_else(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        size in proptest::option::of(0_u32..400),
    ) {
        belljar_cases::case!("B12");
        let liar = move |mut socket: UnixStream| {
            if let Some(size) = size {
                let _ = socket.write_all(&size.to_le_bytes());
            }
            let _ = socket.write_all(&bytes);
        };
        let (talked, _) = talk_to(liar, Duration::from_millis(300));
        prop_assert!(talked.is_err());
    }
}
