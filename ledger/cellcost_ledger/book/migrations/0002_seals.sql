-- Closing a period: an event belongs to the seal with this number, or to none yet (0).
ALTER TABLE event ADD COLUMN seal BIGINT NOT NULL DEFAULT 0;

-- How many events came with a time that no right clock could have told.
ALTER TABLE installation ADD COLUMN clock_off BIGINT NOT NULL DEFAULT 0;

-- One closed day of an installation, or what came for it after it was closed (late).
-- Each digest covers the one before, these figures, and every event of the seal.
CREATE TABLE day_seal (
    tenant        TEXT   NOT NULL,
    installation  TEXT   NOT NULL,
    number        BIGINT NOT NULL,
    day           BIGINT NOT NULL,
    late          BIGINT NOT NULL,
    closed_us     BIGINT NOT NULL,
    first_seq     BIGINT NOT NULL,
    last_seq      BIGINT NOT NULL,
    events        BIGINT NOT NULL,
    calls         BIGINT NOT NULL,
    n_priced      BIGINT NOT NULL,
    n_unpriced    BIGINT NOT NULL,
    cost_nusd     BIGINT NOT NULL,
    input_tokens  BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    members       TEXT   NOT NULL,
    hours         TEXT   NOT NULL,
    digest        TEXT   NOT NULL,
    pruned_us     BIGINT,
    PRIMARY KEY (tenant, installation, number)
);

-- What stays of an event whose rows were removed: enough to know it again.
CREATE TABLE pruned_event (
    tenant       TEXT   NOT NULL,
    installation TEXT   NOT NULL,
    event_id     TEXT   NOT NULL,
    seq          BIGINT NOT NULL,
    seal         BIGINT NOT NULL,
    core_hash    TEXT   NOT NULL,
    PRIMARY KEY (tenant, installation, event_id)
);
CREATE INDEX pruned_event_seq ON pruned_event (tenant, installation, seq);
