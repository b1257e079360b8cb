-- Sign-in by a page: memorised secrets with their budgets, sign-ins under way, sessions and invitations.
--
-- Handles are known by their digest alone. What decides is sealed; the columns beside it are for looking up, and for
-- the one statement that decides.

CREATE TABLE memorised_secrets (
    account TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    id TEXT NOT NULL UNIQUE,
    set_at BIGINT NOT NULL,
    last_used BIGINT,
    hash {blob} NOT NULL
);

CREATE TABLE secret_budgets (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    since BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    in_a_row BIGINT NOT NULL,
    PRIMARY KEY (kind, name, source)
);

CREATE TABLE sign_ins (
    handle {blob} NOT NULL PRIMARY KEY,
    step BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    sealed {blob} NOT NULL
);

CREATE TABLE sessions (
    handle {blob} NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    credential TEXT NOT NULL,
    token TEXT,
    begun BIGINT NOT NULL,
    used BIGINT NOT NULL,
    sealed {blob} NOT NULL
);

CREATE INDEX sessions_by_account ON sessions (account);

CREATE TABLE invitations (
    handle {blob} NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    ends BIGINT NOT NULL,
    sealed {blob} NOT NULL
);

CREATE INDEX invitations_by_account ON invitations (account);

-- Whom an event is about, so that people are shown their own; the text is what counts.

ALTER TABLE audit ADD COLUMN account TEXT;

CREATE INDEX audit_by_account ON audit (account, number);
