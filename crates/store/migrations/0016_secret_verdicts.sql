-- Typed texts that were refused, known again so that the same one is hashed and counted once. A tag is a MAC under a key
-- that is not here, over the text, whose secret it was tried for, and what was found.

CREATE TABLE secret_verdicts (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    tag {blob} NOT NULL,
    seen BIGINT NOT NULL,
    PRIMARY KEY (kind, name, tag)
);

CREATE INDEX secret_verdicts_by_time ON secret_verdicts (seen);
