-- Keys that tokens are signed with, whose private halves are sealed, and the ledger of what was signed.

CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    certificate {blob} NOT NULL,
    made BIGINT NOT NULL,
    state TEXT NOT NULL,
    since BIGINT,
    promotes_at BIGINT,
    retired BIGINT,
    private_half {blob}
);

CREATE UNIQUE INDEX signing_keys_one_primary_one_next ON signing_keys (state)
    WHERE state IN ('primary', 'next');

CREATE TABLE token_ledger (
    token TEXT NOT NULL PRIMARY KEY,
    digest {blob} NOT NULL UNIQUE,
    signing_key TEXT NOT NULL,
    relying_party TEXT NOT NULL,
    account TEXT,
    activity TEXT NOT NULL,
    issued BIGINT NOT NULL,
    expires BIGINT NOT NULL
);

CREATE INDEX token_ledger_by_expires ON token_ledger (expires);
