//! Serves links on the address in the first argument, by default `127.0.0.1:8080`.

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use service::{Links, answer};

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address)?;
    eprintln!("listening on {}", listener.local_addr()?);
    let links = Arc::new(Mutex::new(Links::default()));
    for connection in listener.incoming() {
        let links = Arc::clone(&links);
        let connection = connection?;
        thread::spawn(move || {
            if let Err(error) = serve(connection, &links) {
                eprintln!("a connection broke: {error}");
            }
        });
    }
    Ok(())
}

fn serve(connection: TcpStream, links: &Mutex<Links>) -> std::io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    http::converse(connection, |request| {
        answer(&mut links.lock().unwrap_or_else(PoisonError::into_inner), request)
    })
}
