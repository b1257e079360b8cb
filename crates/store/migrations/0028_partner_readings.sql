-- What was seen at partners' metadata, read by itself, of each trust as its last change left it; and which process reads it.

CREATE TABLE partner_readings (
    trust_revision BIGINT NOT NULL PRIMARY KEY,
    claimed_by TEXT NOT NULL,
    claimed_until BIGINT NOT NULL,
    read_at BIGINT,
    good_at BIGINT,
    next_at BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    said TEXT NOT NULL
);
