-- Assertions of partners that were taken: each is good once. What is kept is a digest of the issuer and the id, until the
-- assertion could not be taken any more.

CREATE TABLE used_assertions (
    digest {blob} NOT NULL PRIMARY KEY,
    ends BIGINT NOT NULL
);

CREATE INDEX used_assertions_by_ends ON used_assertions (ends);
