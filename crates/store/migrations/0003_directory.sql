ALTER TABLE accounts ADD COLUMN standing TEXT;

ALTER TABLE accounts ADD COLUMN not_delegable TEXT;

ALTER TABLE accounts ADD COLUMN group_sids TEXT;

CREATE TABLE directory_reads (
    id TEXT NOT NULL PRIMARY KEY,
    read_at BIGINT NOT NULL
);

CREATE TABLE directory_passwords (
    account TEXT NOT NULL PRIMARY KEY,
    password {blob} NOT NULL
);
