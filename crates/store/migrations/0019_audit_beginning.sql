-- Where the kept audit trail begins, sealed as its head is, and up to which event its followers have it.

CREATE TABLE audit_beginning (
    id TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    hash {blob} NOT NULL,
    sealed_with TEXT NOT NULL,
    mac {blob} NOT NULL
);

CREATE TABLE audit_readers (
    id TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    claimed_by TEXT NOT NULL,
    claimed_until BIGINT NOT NULL
);
