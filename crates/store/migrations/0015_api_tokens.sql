-- API tokens, by which the HTTP API knows a role. One that was revoked is gone.
--
-- The digest of a token is all that is kept of it. What it may do, and until when, is sealed beside that digest, so that
-- whoever can write to the database cannot make one, or make more of one.

CREATE TABLE api_tokens (
    handle {blob} NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    made BIGINT NOT NULL,
    sealed {blob} NOT NULL
);
