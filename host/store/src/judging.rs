//! Judging: whether a record may be used, and whether a new one contradicts it.

use std::ops::ControlFlow;

use belljar_model::ports::Record;
use belljar_model::trust::{Side, Statement, contradictions, digest_of};
use belljar_model::{ActionResult, Dispute, Fault, Origin, Refusal, TrustLevel};

use crate::cache::{WorkspaceCache, decode, encode};
use crate::overlay::Encoded;
use crate::records::{self, Row};
use crate::trust::Seal;

impl WorkspaceCache {
    /// Writes a record down, with what this machine says of it.
    pub(crate) fn seal(&self, record: &Record<'_>) -> Encoded {
        let Record { action, family, result, trace } = *record;
        let (encoded, trace) = (encode(result), encode(trace));
        let judge = &self.shared.judge;
        let created = self.shared.clock.now_ms();
        let (writer, level) = (judge.trust.key.public(), judge.trust.level);
        let statement = Statement {
            action,
            family,
            result: digest_of(&encoded),
            trace: digest_of(&trace),
            writer,
            level,
            class: result.class,
            tier: result.isolation.as_ref().map(|isolation| isolation.tier),
            time: created,
            host: &judge.trust.host,
        };
        let statement = statement.bytes();
        let mac = judge.mac(&statement);
        Encoded { action, family, result: encoded, trace, level, writer, statement, mac, created }
    }

    /// Whether a record that this process made itself may be used.
    pub(crate) fn judge_queued(
        &self,
        queued: &Encoded,
        disputed: Option<TrustLevel>,
    ) -> Result<Origin, Refusal> {
        let trust = &self.shared.judge.trust;
        if disputed.is_some_and(|disputed| queued.level <= disputed) {
            return Err(Refusal::Disputed);
        }
        self.shared.judge.enough(Origin {
            writer: queued.writer,
            name: None,
            level: queued.level,
            at: queued.created,
            host: trust.host.clone(),
        })
    }

    /// Whether a record may be used, apart from the result or Trace beside it.
    pub(crate) fn judge<'r>(
        &self,
        row: &'r Row,
        disputed: Option<TrustLevel>,
        now: u64,
    ) -> Result<(Statement<'r>, Origin), Refusal> {
        let (statement, origin) = self.authentic(row, now)?;
        let disputed = disputed.map(TrustLevel::number).max(row.disputed);
        if disputed.is_some_and(|disputed| origin.level.number() <= disputed) {
            return Err(Refusal::Disputed);
        }
        Ok((statement, self.shared.judge.enough(origin)?))
    }

    /// Whether a record is what a writer that is known said, whatever its level.
    fn authentic<'r>(&self, row: &'r Row, now: u64) -> Result<(Statement<'r>, Origin), Refusal> {
        let Row { action, level, writer, family, statement, mac, signature, .. } = row;
        let seal = Seal { statement, mac, signature };
        let said = Statement::parse(statement).filter(|said| {
            let place = (said.action, said.level.number(), said.writer, said.family);
            place == (*action, *level, *writer, *family)
        });
        let said = said.ok_or(Refusal::NotAuthentic { writer: *writer })?;
        let origin = self.shared.judge.origin(&said, seal, now)?;
        Ok((said, origin))
    }

    /// In what a new record contradicts those that are there, if it does: the one with the
    /// highest level.
    pub(crate) fn contradicted(
        &self,
        record: &Record<'_>,
        encoded: &Encoded,
    ) -> Result<Option<Dispute>, Fault> {
        let now = Side { writer: encoded.writer, level: encoded.level, at: encoded.created };
        let against = |result: &[u8], then: Side| {
            let then_result: ActionResult = decode(result)?;
            let contradictions = contradictions(&then_result, record.result);
            let dispute = Dispute { action: record.action, then, now: now.clone(), contradictions };
            (!dispute.contradictions.is_empty()).then_some(dispute)
        };
        let mut found = None;
        let mut visit = |row: Row| {
            if let Ok((said, origin)) = self.authentic(&row, encoded.created)
                && said.result == digest_of(&row.result)
                && row.result != encoded.result
            {
                let side = Side { writer: row.writer, level: origin.level, at: said.time };
                found = against(&row.result, side);
            }
            if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let database = &self.shared.database;
        database.with(|connection| records::of_action(connection, &record.action, &mut visit))?;
        if let Some(queued) = self.shared.peek(|overlay| overlay.get(&record.action)) {
            let side = Side { writer: queued.writer, level: queued.level, at: queued.created };
            found = found.or_else(|| against(&queued.result, side));
        }
        Ok(found)
    }
}
