-- Accounts, app passwords, counters, tickets and the audit chain.
--
-- {blob} is the engine's name for bytes (BLOB, BYTEA). Times are microseconds since 1970-01-01 UTC.

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    domain TEXT NOT NULL,
    sam TEXT NOT NULL,
    upn TEXT NOT NULL,
    realm TEXT NOT NULL,
    sid TEXT,
    sip_addresses TEXT NOT NULL,
    mail TEXT NOT NULL,
    state TEXT NOT NULL
);

CREATE TABLE account_names (
    name TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id)
);

CREATE TABLE app_passwords (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    label TEXT NOT NULL,
    device TEXT,
    scope TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT,
    last_used BIGINT,
    last_used_from TEXT,
    seen_device TEXT,
    revoked BIGINT,
    hashes {blob} NOT NULL
);

CREATE INDEX app_passwords_by_account ON app_passwords (account);

CREATE TABLE counters (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    started BIGINT NOT NULL,
    touched BIGINT NOT NULL,
    running BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    alarmed BIGINT,
    PRIMARY KEY (kind, name)
);

CREATE TABLE familiar_sources (
    account TEXT NOT NULL,
    source TEXT NOT NULL,
    seen BIGINT NOT NULL,
    PRIMARY KEY (account, source)
);

CREATE TABLE tickets (
    ticket {blob} NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    credential TEXT NOT NULL,
    channel TEXT NOT NULL,
    pool TEXT NOT NULL,
    relayed BIGINT NOT NULL,
    expires BIGINT NOT NULL
);

CREATE INDEX tickets_by_account ON tickets (account);

CREATE INDEX tickets_by_credential ON tickets (credential);

CREATE TABLE revocations (
    number BIGINT NOT NULL PRIMARY KEY,
    account TEXT,
    credential TEXT
);

CREATE TABLE audit (
    number BIGINT NOT NULL PRIMARY KEY,
    event TEXT NOT NULL,
    previous {blob} NOT NULL,
    hash {blob} NOT NULL
);

CREATE TABLE audit_head (
    id TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    hash {blob} NOT NULL,
    sealed_with TEXT NOT NULL,
    mac {blob} NOT NULL
);

CREATE TABLE key_checks (
    id TEXT NOT NULL PRIMARY KEY,
    sealed {blob} NOT NULL
);
