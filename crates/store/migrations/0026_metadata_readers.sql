-- Who fetched our metadata as it named a key, and when last: what a rollover waits for. Of each key so many are kept, the last.

CREATE TABLE metadata_readers (
    signing_key TEXT NOT NULL,
    source TEXT NOT NULL,
    agent TEXT NOT NULL,
    read_at BIGINT NOT NULL,
    PRIMARY KEY (signing_key, source, agent)
);
