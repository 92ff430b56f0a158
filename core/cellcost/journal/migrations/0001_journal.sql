-- The journal as first shipped. Migrations only add; see docs/journal.md.

-- One row: the counters and who this journal is. `seq` numbers events without a gap;
-- `rev` is bumped by every write that a view may want to see.
CREATE TABLE counter (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    seq          INTEGER NOT NULL,
    rev          INTEGER NOT NULL,
    installation TEXT    NOT NULL,
    min_writer   INTEGER NOT NULL
);

-- A process that writes here. Alive while it holds the OS lock writers/<id>.lock.
CREATE TABLE writer (
    id         TEXT    PRIMARY KEY,
    rev        INTEGER NOT NULL,
    started_us INTEGER NOT NULL,
    ended_us   INTEGER,
    host       TEXT    NOT NULL,
    pid        INTEGER NOT NULL,
    version    TEXT    NOT NULL,
    kernel_id  TEXT    NOT NULL DEFAULT '',
    session_id TEXT    NOT NULL DEFAULT '',
    notebook   TEXT    NOT NULL DEFAULT '',
    stacks     TEXT    NOT NULL DEFAULT '{}'
) WITHOUT ROWID;

-- A request about to leave or in flight. Becomes the event of the same id.
CREATE TABLE intent (
    id         TEXT    PRIMARY KEY,
    rev        INTEGER NOT NULL,
    writer     TEXT    NOT NULL,
    time_us    INTEGER NOT NULL,
    worst_nusd INTEGER,
    body       TEXT    NOT NULL
) WITHOUT ROWID;

-- What a call in flight has used so far.
CREATE TABLE live (
    id      TEXT    PRIMARY KEY,
    rev     INTEGER NOT NULL,
    time_us INTEGER NOT NULL,
    lines   TEXT    NOT NULL
) WITHOUT ROWID;

-- What was used or happened; immutable. rev is the commit order, so it is the key, and
-- seq grows with it. A column only for what is searched; each index is a page that every
-- settlement writes.
CREATE TABLE event (
    rev          INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    installation TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    time_us      INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    run_id       TEXT    NOT NULL,
    notebook     TEXT    NOT NULL,
    confidence   TEXT    NOT NULL,
    corrects     TEXT    NOT NULL,
    cost_nusd    INTEGER,
    n_unpriced   INTEGER NOT NULL,
    lines        TEXT    NOT NULL,
    body         TEXT    NOT NULL
);
CREATE INDEX event_notebook ON event (notebook) WHERE notebook <> '';
CREATE INDEX event_corrects ON event (corrects) WHERE corrects <> '';

-- A notebook that moved: its earlier events belong to the new path.
CREATE TABLE renamed (
    rev      INTEGER PRIMARY KEY,
    old_path TEXT    NOT NULL,
    new_path TEXT    NOT NULL,
    time_us  INTEGER NOT NULL
);
