-- Trusts in their written form, what they call themselves, and the numbers of changes.

CREATE TABLE trusts (
    kind TEXT NOT NULL,
    name_key TEXT NOT NULL,
    name TEXT NOT NULL,
    identifiers TEXT NOT NULL,
    revision BIGINT NOT NULL UNIQUE,
    written TEXT NOT NULL,
    seal {blob} NOT NULL,
    PRIMARY KEY (kind, name_key)
);

CREATE TABLE trust_identifiers (
    kind TEXT NOT NULL,
    identifier TEXT NOT NULL,
    name_key TEXT NOT NULL,
    PRIMARY KEY (kind, identifier),
    FOREIGN KEY (kind, name_key) REFERENCES trusts (kind, name_key)
);

CREATE INDEX trust_identifiers_by_name ON trust_identifiers (kind, name_key);

CREATE TABLE revisions (
    what TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (what, number)
);
