-- Codes that stand in for a token: recovery codes and temporary codes, as sealed hashes.

CREATE TABLE spare_codes (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL,
    made BIGINT NOT NULL,
    ends BIGINT,
    uses BIGINT NOT NULL,
    hash {blob} NOT NULL
);

CREATE INDEX spare_codes_by_account ON spare_codes (account);
