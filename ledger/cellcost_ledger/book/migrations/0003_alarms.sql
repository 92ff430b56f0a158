-- Who does a job that one server does for all, and until when without renewing it.
CREATE TABLE job_lease (
    name     TEXT   NOT NULL,
    holder   TEXT   NOT NULL,
    until_us BIGINT NOT NULL,
    PRIMARY KEY (name)
);

-- A limit and whom to tell. NULL in a filter: any. The secret is needed to sign.
CREATE TABLE alarm (
    alarm_id     TEXT   NOT NULL,
    tenant       TEXT   NOT NULL,
    team         TEXT,
    function     TEXT,
    model        TEXT,
    per          TEXT   NOT NULL,
    limit_nusd   BIGINT,
    limit_tokens BIGINT,
    webhook      TEXT   NOT NULL,
    secret       TEXT   NOT NULL,
    created_us   BIGINT NOT NULL,
    PRIMARY KEY (alarm_id)
);

-- An alarm fires once a period. Sums of many rows: as text, they may leave 64 bits.
CREATE TABLE alarm_fired (
    alarm_id    TEXT   NOT NULL,
    period_us   BIGINT NOT NULL,
    sum_nusd    TEXT,
    tokens      TEXT   NOT NULL,
    n_unpriced  BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    tries       BIGINT NOT NULL,
    next_try_us BIGINT NOT NULL,
    fired_us    BIGINT NOT NULL,
    PRIMARY KEY (alarm_id, period_us)
);
CREATE INDEX alarm_fired_due ON alarm_fired (state, next_try_us);
