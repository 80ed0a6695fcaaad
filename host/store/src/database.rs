//! The database: its schema, and connections to it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use belljar_disk::{Mode, Root};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::error::StoreError;
use crate::layout;

/// The revision of the schema within `actions-v3.db`; additions raise it.
const REVISION: i64 = 2;

/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
CREATE TABLE actions (
    action BLOB NOT NULL,        -- the ActionDigest
    level INTEGER NOT NULL,      -- the trust level: each level and writer has a place of its own,
    writer BLOB NOT NULL,        -- so that no record takes the place of a better one
    family BLOB NOT NULL,        -- the FamilyDigest
    result BLOB NOT NULL,        -- the ActionResult, as postcard
    trace BLOB,                  -- the Trace, as postcard; NULL once newer ones took its place
    statement BLOB NOT NULL,     -- what the writer says of all of it
    mac BLOB NOT NULL,           -- of the statement, with a secret of the writer's machine
    signature BLOB NOT NULL,     -- of the statement, by the writer
    last_used INTEGER NOT NULL,  -- milliseconds since 1970-01-01 UTC, as all times here
    PRIMARY KEY (action, level, writer)
);
CREATE INDEX traces ON actions (family, last_used DESC) WHERE trace IS NOT NULL;
CREATE TABLE disputes (
    action BLOB PRIMARY KEY,     -- the ActionDigest
    level INTEGER NOT NULL,      -- records of this level and below are not used
    at INTEGER NOT NULL,
    dispute BLOB NOT NULL        -- the Dispute, as postcard
) WITHOUT ROWID;
CREATE TABLE history (
    workspace TEXT NOT NULL,
    step TEXT NOT NULL,
    number INTEGER NOT NULL,     -- counts up within one step of one workspace
    wall_us INTEGER NOT NULL,
    past BLOB NOT NULL,          -- the Past, as postcard
    PRIMARY KEY (workspace, step, number)
) WITHOUT ROWID;
CREATE TABLE totals (
    name TEXT PRIMARY KEY,       -- `blob bytes`: about how much the blobs take
    value INTEGER NOT NULL
) WITHOUT ROWID;
";

/// What revision 2 added.
const WORKSPACES: &str = "
CREATE TABLE workspaces (
    workspace TEXT PRIMARY KEY,  -- one that history knows
    last_used INTEGER NOT NULL   -- give or take a day
) WITHOUT ROWID;
";

/// Connections to one database: as many as threads use it at once.
pub(crate) struct Database {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// Opens the database, and makes its tables if it is new.
    pub(crate) fn open(path: PathBuf) -> Result<Self, StoreError> {
        let mut connection = connect(&path)?;
        prepare(&mut connection)?;
        Ok(Self { path, idle: Mutex::new(vec![connection]) })
    }

    /// Lends a connection to `work`. Threads do not wait for each other.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let result = work(&mut connection);
        if let Err(StoreError::Database(error)) = &result
            && is_damage(error)
        {
            self.condemn(error);
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        result
    }

    /// Writes down that the database is damaged: the next process that has the store alone begins
    /// a new one.
    fn condemn(&self, error: &rusqlite::Error) {
        let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
        let why = error.to_string();
        // Where this fails, the next process finds the damage by itself, as this one did.
        let _ = Root::open(folder)
            .and_then(|root| root.write_durable(layout::CONDEMNED, why.as_bytes(), Mode::Plain));
    }
}

/// Whether an error says that the database is not what was written: every statement is ours and
/// was tested, so a table that is missing or a value of another type is damage, too.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(_, _) | E::SqlInputError { .. } => matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
        ),
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::Utf8Error(..)
        | E::InvalidColumnType(..) => true,
        _ => false,
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // FULL: a commit that returned survives a power cut. With NORMAL it may be lost, although
    // the flush that made it said otherwise.
    connection.execute_batch("PRAGMA synchronous = FULL;")?;
    // Else SQLite plans a query anew whenever another value is bound, as it looks whether the
    // value makes the partial index of Traces usable: 70 us for each lookup.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    let revision = |connection: &Connection| {
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
    };
    let found = revision(connection)?;
    if found > REVISION {
        return Err(StoreError::Newer { found, known: REVISION });
    }
    if found == REVISION {
        return Ok(());
    }
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = revision(&transaction)?;
    if found == 0 {
        transaction.execute_batch(SCHEMA)?;
    }
    if found < 2 {
        transaction.execute_batch(WORKSPACES)?;
    }
    transaction.pragma_update(None, "user_version", REVISION)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_later_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let database = Database::open(path.clone()).unwrap();
        let later =
            |connection: &mut Connection| Ok(connection.pragma_update(None, "user_version", 3)?);
        database.with(later).unwrap();
        let reopened = Database::open(path).map(|_| ());
        assert!(matches!(reopened, Err(StoreError::Newer { found: 3, known: 2 })), "{reopened:?}");
    }

    #[test]
    fn a_database_of_the_revision_before_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut connection = connect(&path).unwrap();
        let before = format!(
            "{SCHEMA} INSERT INTO totals VALUES ('blob bytes', 7); PRAGMA user_version = 1;"
        );
        connection.execute_batch(&before).unwrap();
        prepare(&mut connection).unwrap();
        let count = "SELECT (SELECT value FROM totals) + (SELECT count(*) FROM workspaces)";
        assert_eq!(connection.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 7);
    }

    #[test]
    fn a_reader_does_not_wait_for_a_writer() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path().join("a.db")).unwrap();
        let seen = database.with(|writer| {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("INSERT INTO totals VALUES ('blob bytes', 1)", [])?;
            database.with(|reader| {
                let count = "SELECT count(*) FROM totals";
                Ok(reader.query_row(count, [], |row| row.get::<_, i64>(0))?)
            })
        });
        assert_eq!(seen.unwrap(), 0);
    }
}
