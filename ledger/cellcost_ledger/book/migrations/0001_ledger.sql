-- The ledger as first shipped. One text for SQLite, PostgreSQL and Citus: {bytes} and
-- {json} are the only words that differ. Every key holds tenant and installation, so
-- that one installation's batch touches one node.

CREATE TABLE installation (
    tenant              TEXT   NOT NULL,
    installation        TEXT   NOT NULL,
    team                TEXT   NOT NULL,
    client              TEXT   NOT NULL,
    first_seen_us       BIGINT NOT NULL,
    last_seen_us        BIGINT NOT NULL,
    received            BIGINT NOT NULL,
    last_contiguous_seq BIGINT NOT NULL,
    forked              BIGINT NOT NULL,
    -- The oldest migration whose code may write it; an older server leaves it alone.
    writer              BIGINT NOT NULL,
    PRIMARY KEY (tenant, installation)
);

-- What was used or happened; never changed. `received_us` is this server's clock.
CREATE TABLE event (
    tenant        TEXT   NOT NULL,
    installation  TEXT   NOT NULL,
    event_id      TEXT   NOT NULL,
    seq           BIGINT NOT NULL,
    time_us       BIGINT NOT NULL,
    received_us   BIGINT NOT NULL,
    kind          TEXT   NOT NULL,
    confidence    TEXT   NOT NULL,
    corrects      TEXT   NOT NULL,
    team          TEXT   NOT NULL,
    function      TEXT   NOT NULL,
    environment   TEXT   NOT NULL,
    provider      TEXT   NOT NULL,
    model         TEXT   NOT NULL,
    user_name     TEXT   NOT NULL,
    claimed_user  TEXT   NOT NULL,
    key_id        TEXT   NOT NULL,
    cost_nusd     BIGINT,
    n_unpriced    BIGINT NOT NULL,
    input_tokens  BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    core_hash     TEXT   NOT NULL,
    tags          {json} NOT NULL,
    body          TEXT   NOT NULL,
    PRIMARY KEY (tenant, installation, event_id)
);
-- Not unique: a copied journal puts two ids on one seq, and both count.
CREATE INDEX event_seq ON event (tenant, installation, seq);
CREATE INDEX event_time ON event (tenant, time_us);

CREATE TABLE event_line (
    tenant          TEXT   NOT NULL,
    installation    TEXT   NOT NULL,
    event_id        TEXT   NOT NULL,
    line_no         BIGINT NOT NULL,
    meter           TEXT   NOT NULL,
    variant         TEXT   NOT NULL,
    quantity        BIGINT NOT NULL,
    list_rate       TEXT,
    contracted_rate TEXT,
    cost_nusd       BIGINT,
    reason          TEXT   NOT NULL,
    PRIMARY KEY (tenant, installation, event_id, line_no),
    FOREIGN KEY (tenant, installation, event_id)
        REFERENCES event (tenant, installation, event_id)
);

-- What could not be stored, as it came. It fills its seq.
CREATE TABLE dead_letter (
    tenant       TEXT    NOT NULL,
    installation TEXT    NOT NULL,
    event_id     TEXT    NOT NULL,
    seq          BIGINT,
    reason       TEXT    NOT NULL,
    raw          {bytes} NOT NULL,
    received_us  BIGINT  NOT NULL,
    key_id       TEXT    NOT NULL,
    PRIMARY KEY (tenant, installation, event_id)
);
CREATE INDEX dead_letter_seq ON dead_letter (tenant, installation, seq);

-- A second content for an id that is stored. The first one counts.
CREATE TABLE conflict (
    tenant       TEXT    NOT NULL,
    installation TEXT    NOT NULL,
    event_id     TEXT    NOT NULL,
    digest       TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    raw          {bytes} NOT NULL,
    received_us  BIGINT  NOT NULL,
    key_id       TEXT    NOT NULL,
    PRIMARY KEY (tenant, installation, event_id, digest)
);

-- Sums of the events of one hour (hours since 1970, UTC). The CHECK turns an overflow,
-- which SQLite would make a float, into a refusal.
CREATE TABLE rollup_hour (
    tenant        TEXT   NOT NULL,
    installation  TEXT   NOT NULL,
    hour          BIGINT NOT NULL,
    team          TEXT   NOT NULL,
    function      TEXT   NOT NULL,
    environment   TEXT   NOT NULL,
    provider      TEXT   NOT NULL,
    model         TEXT   NOT NULL,
    user_name     TEXT   NOT NULL,
    events        BIGINT NOT NULL,
    calls         BIGINT NOT NULL,
    n_priced      BIGINT NOT NULL,
    n_unpriced    BIGINT NOT NULL,
    cost_nusd     BIGINT NOT NULL,
    input_tokens  BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    PRIMARY KEY (tenant, installation, hour, team, function, environment, provider,
                 model, user_name),
    CHECK (cost_nusd BETWEEN -4000000000000000000 AND 4000000000000000000),
    CHECK (input_tokens BETWEEN -4000000000000000000 AND 4000000000000000000),
    CHECK (output_tokens BETWEEN -4000000000000000000 AND 4000000000000000000)
);
CREATE INDEX rollup_hour_time ON rollup_hour (tenant, hour);

-- The same of one day (days since 1970, UTC).
CREATE TABLE rollup_day (
    tenant        TEXT   NOT NULL,
    installation  TEXT   NOT NULL,
    day           BIGINT NOT NULL,
    team          TEXT   NOT NULL,
    function      TEXT   NOT NULL,
    environment   TEXT   NOT NULL,
    provider      TEXT   NOT NULL,
    model         TEXT   NOT NULL,
    user_name     TEXT   NOT NULL,
    events        BIGINT NOT NULL,
    calls         BIGINT NOT NULL,
    n_priced      BIGINT NOT NULL,
    n_unpriced    BIGINT NOT NULL,
    cost_nusd     BIGINT NOT NULL,
    input_tokens  BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    PRIMARY KEY (tenant, installation, day, team, function, environment, provider,
                 model, user_name),
    CHECK (cost_nusd BETWEEN -4000000000000000000 AND 4000000000000000000),
    CHECK (input_tokens BETWEEN -4000000000000000000 AND 4000000000000000000),
    CHECK (output_tokens BETWEEN -4000000000000000000 AND 4000000000000000000)
);
CREATE INDEX rollup_day_time ON rollup_day (tenant, day);

-- Who may do what. The secret is not here, only its SHA-256.
CREATE TABLE api_key (
    key_id       TEXT   NOT NULL,
    tenant       TEXT   NOT NULL,
    team         TEXT   NOT NULL,
    teams        TEXT   NOT NULL,
    user_name    TEXT   NOT NULL,
    scopes       TEXT   NOT NULL,
    secret_hash  TEXT   NOT NULL,
    created_us   BIGINT NOT NULL,
    expires_us   BIGINT,
    last_used_us BIGINT,
    revoked_us   BIGINT,
    PRIMARY KEY (key_id)
);
