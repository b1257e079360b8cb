-- Up to which event a follower of the audit trail has it, sealed with the hash of that event. And PINs for NTLM, sealed.

ALTER TABLE audit_readers ADD COLUMN hash {blob};

ALTER TABLE audit_readers ADD COLUMN sealed_with TEXT;

ALTER TABLE audit_readers ADD COLUMN mac {blob};

CREATE TABLE ntlm_pins (
    account TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    id TEXT NOT NULL UNIQUE,
    set_at BIGINT NOT NULL,
    last_used BIGINT,
    pin {blob} NOT NULL
);
