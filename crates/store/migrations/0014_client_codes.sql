-- Codes that clients without a page were sent, one of an account and a client at a time. `mac` is under a key that is not
-- here; the row of no account and no client is there so that asking in vain costs the same.

CREATE TABLE client_codes (
    account TEXT NOT NULL,
    client TEXT NOT NULL,
    mac {blob} NOT NULL,
    carrier TEXT NOT NULL,
    destination_set BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    PRIMARY KEY (account, client)
);
