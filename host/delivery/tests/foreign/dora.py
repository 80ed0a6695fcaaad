"""Calculates the DORA figures of exported ledger entries with SQL, and with nothing of Belljar.

Usage:
    dora.py --environment NAME --since MS --until MS LEDGER.jsonl
    dora.py --many FILE

LEDGER.jsonl holds one entry per line. FILE holds many ledgers: each begins with a line
{"ask": {"environment": .., "since_ms": .., "until_ms": ..}}. One line of JSON is printed for each
ledger. Python 3.11 or later, standard library only.
"""

import argparse
import json
import sqlite3
import sys

SCHEMA = """
CREATE TABLE plans (seq INTEGER, at INTEGER, deployment INTEGER, digest TEXT, incident TEXT,
                    back_to INTEGER);
CREATE TABLE starts (seq INTEGER, deployment INTEGER, digest TEXT);
CREATE TABLE applied (seq INTEGER, deployment INTEGER);
CREATE TABLE ends (seq INTEGER, at INTEGER, deployment INTEGER, outcome TEXT);
CREATE TABLE commits (seq INTEGER, at INTEGER, deployment INTEGER, place INTEGER,
                      id TEXT, made INTEGER);
CREATE TABLE signs (seq INTEGER, at INTEGER, deployment INTEGER, kind TEXT);
CREATE TABLE targets (seq INTEGER, deployment INTEGER, target INTEGER);
CREATE INDEX plans_of ON plans (deployment);
CREATE INDEX starts_of ON starts (deployment);
CREATE INDEX applied_of ON applied (deployment);
CREATE INDEX ends_of ON ends (deployment);
CREATE INDEX signs_of ON signs (deployment);
CREATE INDEX commits_of ON commits (id);
"""

TABLES = ["plans", "starts", "applied", "ends", "commits", "signs", "targets"]

# For each deployment: the plan that was started last; the last one, if none was started.
CHOSEN = """
CREATE TEMP TABLE chosen AS
WITH latest AS (
    SELECT deployment, digest,
        ROW_NUMBER() OVER (PARTITION BY deployment ORDER BY seq DESC) AS turn FROM starts
)
SELECT p.deployment AS deployment, MAX(p.seq) AS plan
FROM plans p LEFT JOIN latest l ON l.deployment = p.deployment AND l.turn = 1
WHERE l.digest IS NULL OR l.digest = p.digest
GROUP BY p.deployment
"""

# Which deployment was live before each end that changed that, and which is live after it. Then:
# deployments that went back and ended live, each with the one that was live before.
UNDOINGS = """
CREATE TEMP TABLE undoings AS
WITH turns AS (
    SELECT e.seq AS seq, e.at AS at, e.deployment AS deployment, e.outcome AS outcome,
        CASE e.outcome
            WHEN 'live' THEN e.deployment
            WHEN 'rolled-back' THEN (SELECT t.target FROM targets t
                                     WHERE t.deployment = e.deployment AND t.seq < e.seq
                                     ORDER BY t.seq DESC LIMIT 1)
        END AS live
    FROM ends e WHERE e.outcome <> 'not-applied'
),
switches AS (SELECT *, LAG(live) OVER (ORDER BY seq) AS was_live FROM turns)
SELECT s.was_live AS undone, s.seq AS seq, s.at AS at, p.seq AS planned,
    ROW_NUMBER() OVER (PARTITION BY s.was_live ORDER BY s.seq) AS turn
FROM switches s
JOIN chosen c ON c.deployment = s.deployment
JOIN plans p ON p.seq = c.plan
WHERE s.outcome = 'live' AND s.was_live <> s.deployment
  AND p.back_to IS NOT NULL AND p.seq < s.seq
"""

# Deployments whose first end is within the period, and what is known of each.
COHORT = """
CREATE TEMP TABLE cohort AS
WITH first AS (
    SELECT e.deployment AS deployment, e.at AS at, e.outcome AS outcome
    FROM ends e
    WHERE e.seq = (SELECT MIN(seq) FROM ends WHERE deployment = e.deployment)
      AND e.at >= :since AND e.at < :until
)
SELECT f.deployment, f.at, f.outcome,
    EXISTS (SELECT 1 FROM ends WHERE deployment = f.deployment
            AND outcome IN ('live', 'rolled-back')) AS counted,
    EXISTS (SELECT 1 FROM applied WHERE deployment = f.deployment)
        OR EXISTS (SELECT 1 FROM ends WHERE deployment = f.deployment
                   AND outcome <> 'not-applied') AS changed,
    EXISTS (SELECT 1 FROM ends WHERE deployment = f.deployment
            AND outcome IN ('rolled-back', 'stuck'))
        OR EXISTS (SELECT 1 FROM signs WHERE deployment = f.deployment
                   AND kind = 'incident')
        OR EXISTS (SELECT 1 FROM undoings WHERE undone = f.deployment) AS bad,
    (SELECT plan FROM chosen WHERE deployment = f.deployment) AS plan
FROM first f
"""

# Days from 1970-01-01 on: the first is a Thursday, so Saturdays are 2 and Sundays 3 modulo 7.
WEEKDAYS = """
WITH RECURSIVE days (day) AS (
    SELECT :since / 86400000
    UNION ALL
    SELECT day + 1 FROM days WHERE day < (:until - 1) / 86400000
),
counts AS (
    SELECT d.day AS day,
        (SELECT COUNT(*) FROM cohort WHERE counted AND at / 86400000 = d.day) AS n
    FROM days d WHERE d.day % 7 NOT IN (2, 3)
),
ranked AS (SELECT n, ROW_NUMBER() OVER (ORDER BY n) AS rank, COUNT(*) OVER () AS of FROM counts)
SELECT COUNT(*), MIN(CASE WHEN rank * 2 >= of THEN n END) FROM ranked
"""

# The first row of each commit over the whole ledger, if its deployment is in the cohort.
LEAD_TIMES = """
WITH ranked AS (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY seq, place) AS turn FROM commits
)
SELECT at - made AS ms FROM ranked
WHERE turn = 1 AND at - made > 0 AND deployment IN (SELECT deployment FROM cohort)
"""

# A watch's signs count only for a deployment that was undone; a gate's only if it did not pass.
# Without a sign before it was undone, the plan of the one that went back is the beginning.
RECOVERIES = """
WITH failing AS (
    SELECT c.deployment AS deployment, u.seq AS undone, u.at AS undone_at, u.planned AS planned,
        (SELECT MIN(seq) FROM signs s WHERE s.deployment = c.deployment
         AND (s.kind IN ('incident', 'rollback')
              OR (s.kind = 'ill' AND c.outcome <> 'live')
              OR (s.kind = 'sick' AND u.seq IS NOT NULL))) AS sign,
        (SELECT MIN(seq) FROM ends e WHERE e.deployment = c.deployment AND e.outcome = 'stuck')
            AS stuck
    FROM cohort c LEFT JOIN undoings u ON u.undone = c.deployment AND u.turn = 1
    WHERE c.changed AND c.bad
),
moments AS (
    SELECT *, undone IS NOT NULL AND COALESCE(sign > undone, TRUE) AS unseen FROM failing
),
pairs AS (
    SELECT (SELECT at FROM plans WHERE seq = m.planned) AS began, m.undone_at AS well
    FROM moments m WHERE m.unseen
    UNION ALL
    SELECT (SELECT at FROM signs WHERE seq = COALESCE(m.sign, m.stuck)
            UNION SELECT at FROM ends WHERE seq = COALESCE(m.sign, m.stuck)) AS began,
        (SELECT e.at FROM ends e WHERE e.seq > COALESCE(m.sign, m.stuck)
         AND ((e.outcome = 'live' AND e.deployment <> m.deployment)
              OR (e.outcome = 'rolled-back' AND e.deployment = m.deployment))
         ORDER BY e.seq LIMIT 1) AS well
    FROM moments m WHERE NOT m.unseen
)
SELECT well - began AS ms FROM pairs WHERE well >= began
"""


def percentiles(db, query):
    """Median and 90th percentile by nearest rank, and the number of rows."""
    return db.execute(
        f"""
        WITH lengths AS ({query}),
        ranked AS (SELECT ms, ROW_NUMBER() OVER (ORDER BY ms) AS rank,
                   COUNT(*) OVER () AS of FROM lengths)
        SELECT MIN(CASE WHEN rank * 100 >= of * 50 THEN ms END),
               MIN(CASE WHEN rank * 100 >= of * 90 THEN ms END), COUNT(*)
        FROM ranked
        """
    ).fetchone()


def load(db, entries, environment):
    """Takes what the figures need out of the entries of one environment."""
    for table in TABLES:
        db.execute(f"DELETE FROM {table}")
    for entry in entries:
        kind, seq, at = entry["type"], entry["seq"], entry["at"]
        if kind == "planned":
            plan = entry["plan"]
            if plan["environment"]["name"] == environment:
                row = (seq, at, plan["number"], entry["plan_digest"], plan["incident"])
                row = (*row, plan["rollback_to"])
                db.execute("INSERT INTO plans VALUES (?, ?, ?, ?, ?, ?)", row)
            continue
        if entry.get("environment") != environment:
            continue
        deployment = entry.get("deployment")
        if kind == "started":
            db.execute("INSERT INTO starts VALUES (?, ?, ?)", (seq, deployment, entry["plan"]))
        elif kind == "applied":
            db.execute("INSERT INTO applied VALUES (?, ?)", (seq, deployment))
        elif kind == "finished":
            outcome = entry["outcome"]
            db.execute("INSERT INTO ends VALUES (?, ?, ?, ?)", (seq, at, deployment, outcome))
            if outcome == "live":
                rows = [
                    (seq, at, deployment, place, commit["id"], commit["at_ms"])
                    for place, commit in enumerate(entry["commits"])
                ]
                db.executemany("INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?)", rows)
        else:
            sign = None
            if kind == "incident-opened" and deployment is not None:
                sign = "incident"
            elif kind == "rollback-started":
                sign = "rollback"
                row = (seq, deployment, entry["to"])
                db.execute("INSERT INTO targets VALUES (?, ?, ?)", row)
            elif kind == "observed" and entry["condition"] == "unhealthy":
                sign = {"gate": "ill", "bake": "ill", "watch": "sick"}.get(entry["by"])
            elif kind == "health-changed" and entry["condition"] == "unhealthy":
                sign = "sick"
            if sign:
                db.execute("INSERT INTO signs VALUES (?, ?, ?, ?)", (seq, at, deployment, sign))


def figures(db, ask):
    """The five metrics, as whole numbers and fractions."""
    for table in ("cohort", "undoings", "chosen"):
        db.execute(f"DROP TABLE IF EXISTS {table}")
    db.execute(CHOSEN)
    db.execute(UNDOINGS)
    period = {"since": ask["since_ms"], "until": ask["until_ms"]}
    db.execute(COHORT, period)
    count = lambda condition: db.execute(
        f"SELECT COUNT(*) FROM cohort WHERE {condition}"
    ).fetchone()[0]
    counted, length = count("counted"), period["until"] - period["since"]
    frequency = None
    if counted and length > 0:
        frequency = [counted, length, *db.execute(WEEKDAYS, period).fetchone()]
    incident = "(SELECT incident FROM plans WHERE seq = plan) IS NOT NULL"
    return {
        "frequency": frequency,
        "lead_time": percentiles(db, LEAD_TIMES),
        "fail_rate": [count("changed AND bad"), count("changed")],
        "recovery": percentiles(db, RECOVERIES),
        "rework": [count(f"changed AND {incident}"), count("changed AND plan IS NOT NULL")],
    }


def ledgers(options):
    """The ledgers that are asked for: pairs of the question and the entries."""
    if options.many is None:
        ask = {
            "environment": options.environment,
            "since_ms": options.since,
            "until_ms": options.until,
        }
        with open(options.ledger, encoding="utf-8") as lines:
            yield ask, [json.loads(line) for line in lines if line.strip()]
        return
    ask, entries = None, []
    with open(options.many, encoding="utf-8") as lines:
        for line in lines:
            value = json.loads(line)
            if "ask" in value:
                if ask is not None:
                    yield ask, entries
                ask, entries = value["ask"], []
            else:
                entries.append(value)
    if ask is not None:
        yield ask, entries


def main():
    parser = argparse.ArgumentParser(description="DORA figures of a ledger, by SQL.")
    parser.add_argument("ledger", nargs="?", help="entries, one per line")
    parser.add_argument("--environment")
    parser.add_argument("--since", type=int, help="milliseconds since 1970-01-01 UTC")
    parser.add_argument("--until", type=int, help="milliseconds since 1970-01-01 UTC")
    parser.add_argument("--many", help="many ledgers, each after its question")
    options = parser.parse_args()
    single = (options.ledger, options.environment, options.since, options.until)
    if options.many is None and None in single:
        parser.error("either --many, or a ledger with --environment, --since and --until")
    db = sqlite3.connect(":memory:")
    db.executescript(SCHEMA)
    for ask, entries in ledgers(options):
        load(db, entries, ask["environment"])
        json.dump(figures(db, ask), sys.stdout)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
