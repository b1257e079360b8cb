-- Codes that are sent: where they go, what is counted of them, and the messages that wait. Numbers and codes are sealed;
-- the columns beside them are for finding. A message of nobody is there so that asking for one costs the same.

CREATE TABLE destinations (
    account TEXT NOT NULL REFERENCES accounts (id),
    carrier TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    held_until BIGINT NOT NULL,
    address {blob} NOT NULL,
    PRIMARY KEY (account, carrier)
);

CREATE TABLE sent_budgets (
    counted TEXT NOT NULL,
    name TEXT NOT NULL,
    since BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    in_a_row BIGINT NOT NULL,
    PRIMARY KEY (counted, name)
);

-- `next` is when it may be taken, or taken again: none once it is sent or given up.

CREATE TABLE sent_messages (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT,
    carrier TEXT NOT NULL,
    masked TEXT NOT NULL,
    state TEXT NOT NULL,
    queued BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    next BIGINT,
    ended BIGINT,
    provider TEXT,
    said TEXT,
    sealed {blob} NOT NULL
);

CREATE INDEX sent_messages_by_next ON sent_messages (next);

CREATE INDEX sent_messages_by_account ON sent_messages (account, queued);
