-- How far each ledger has been told. It lies with the events that it is about, so that a
-- copied or restored journal never takes another's progress for its own.

-- One row for each ledger that this journal was ever sent to. Every event up to
-- sent_rev got an answer from it.
CREATE TABLE ledger (
    url        TEXT    PRIMARY KEY,
    sent_rev   INTEGER NOT NULL DEFAULT 0,
    reached_us INTEGER,
    failing_us INTEGER,
    error      TEXT    NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- What the ledger last said that it holds of an installation. Less than this later on
-- means that the ledger was restored from an older backup.
CREATE TABLE ledger_installation (
    url          TEXT    NOT NULL,
    installation TEXT    NOT NULL,
    contiguous   INTEGER NOT NULL,
    events       INTEGER NOT NULL,
    PRIMARY KEY (url, installation)
) WITHOUT ROWID;

-- Events that the ledger did not take as they are. They stay in the journal.
CREATE TABLE ledger_refusal (
    url    TEXT NOT NULL,
    id     TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (url, id)
) WITHOUT ROWID;
