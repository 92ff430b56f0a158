-- Who did what, when, to what. Rows are only ever added. Tenant '': the whole book's.
-- Each digest covers its row and the digest before it.
CREATE TABLE audit (
    tenant     TEXT   NOT NULL,
    number     BIGINT NOT NULL,
    time_us    BIGINT NOT NULL,
    team       TEXT   NOT NULL,
    actor_kind TEXT   NOT NULL,
    actor      TEXT   NOT NULL,
    act        TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    digest     TEXT   NOT NULL,
    PRIMARY KEY (tenant, number)
);

-- How far each company's chain is. Its row is what writers of that chain wait for.
CREATE TABLE audit_head (
    tenant TEXT   NOT NULL,
    number BIGINT NOT NULL,
    digest TEXT   NOT NULL,
    PRIMARY KEY (tenant)
);
