-- One-time code tokens. `next_step` is the lowest step or counter that is not spent; the budgets of familiar and
-- unfamiliar sources are counted in a window of their own each.

CREATE TABLE otp_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    serial TEXT UNIQUE,
    account TEXT REFERENCES accounts (id),
    label TEXT NOT NULL,
    kind TEXT NOT NULL,
    period BIGINT,
    algorithm TEXT NOT NULL,
    digits BIGINT NOT NULL,
    state TEXT NOT NULL,
    created BIGINT NOT NULL,
    last_used BIGINT,
    next_step BIGINT NOT NULL,
    clock_offset BIGINT NOT NULL,
    drift BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    familiar_since BIGINT NOT NULL,
    familiar_failures BIGINT NOT NULL,
    unfamiliar_since BIGINT NOT NULL,
    unfamiliar_failures BIGINT NOT NULL,
    seed {blob} NOT NULL
);

CREATE INDEX otp_tokens_by_account ON otp_tokens (account);

-- What one-time codes bought, known by a keyed MAC of what was typed. One without a token, or that has ended, is the
-- memory of a secret that is good for nothing; `refused` is when it first came again.

CREATE TABLE session_grants (
    typed {blob} NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    credential TEXT NOT NULL,
    token TEXT,
    client TEXT NOT NULL,
    made BIGINT NOT NULL,
    used BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    refused BIGINT
);

CREATE INDEX session_grants_by_account ON session_grants (account);

CREATE INDEX session_grants_by_credential ON session_grants (credential);

CREATE INDEX session_grants_by_token ON session_grants (token);

-- The token whose code stood behind a ticket, beside the app password.

ALTER TABLE tickets ADD COLUMN token TEXT;

CREATE INDEX tickets_by_token ON tickets (token);
