//! A server of the S3 API on this machine, whose buckets are folders.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::runtime;

/// The id of the only access key.
pub(crate) const ACCESS: &str = "an-access-key";
/// Its secret.
pub(crate) const SECRET: &str = "a-secret-access-key";

/// Starts a server whose buckets are the folders in `folder`, until the test ends.
pub(crate) fn start(folder: &Path) -> SocketAddr {
    let mut builder = S3ServiceBuilder::new(FileSystem::new(folder).unwrap());
    builder.set_auth(SimpleAuth::from_single(ACCESS, SECRET));
    let service = builder.build();
    let (say, hear) = mpsc::channel();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(serve(service, &say));
    });
    hear.recv().unwrap()
}

async fn serve(service: S3Service, say: &mpsc::Sender<SocketAddr>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    say.send(listener.local_addr().unwrap()).unwrap();
    let server = Builder::new(TokioExecutor::new());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let connection = server.serve_connection(TokioIo::new(stream), service.clone());
        tokio::spawn(connection.into_owned());
    }
}
