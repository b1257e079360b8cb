-- Passkeys, and the ceremonies under way with them, each beside the sign-in or session that it belongs to.
--
-- The key of a passkey is nothing secret; it is sealed so that whoever can write to the file cannot give somebody
-- another. What a device counts to is moved on by the one statement that decides.

CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    known_as {blob} NOT NULL UNIQUE,
    label TEXT NOT NULL,
    created BIGINT NOT NULL,
    last_used BIGINT,
    counter BIGINT NOT NULL,
    key {blob} NOT NULL
);

CREATE INDEX passkeys_by_account ON passkeys (account);

CREATE TABLE ceremonies (
    handle {blob} NOT NULL PRIMARY KEY,
    ends BIGINT NOT NULL,
    sealed {blob} NOT NULL
);
