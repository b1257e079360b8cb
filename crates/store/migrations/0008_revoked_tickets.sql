-- A ticket whose credential, account or token was revoked is remembered until it ends, so that paths where tickets are
-- only observed tell it from one that nobody here ever relayed.

ALTER TABLE tickets ADD COLUMN revoked BIGINT;
