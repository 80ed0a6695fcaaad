//! Ctrl-C: the first time steps are asked to stop, the second time they are stopped.

use belljar_model::ports::Cancel;
use tokio::signal::unix::{SignalKind, signal};

/// Listens on a thread of its own, for as long as the program lives.
///
/// # Errors
/// When the thread or the listener cannot be made.
pub(crate) fn listen(cancel: &Cancel) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _guard = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let cancel = cancel.clone();
    let listen = move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if cancel.is_asked() {
                    cancel.now();
                } else {
                    cancel.ask();
                }
            }
        });
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
    Ok(())
}
