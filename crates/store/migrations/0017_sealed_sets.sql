-- Sets of rows that are sealed as a whole, with the head of the audit trail: trusts and signing keys.

ALTER TABLE audit_head ADD COLUMN trusts_revision BIGINT;

ALTER TABLE audit_head ADD COLUMN trusts {blob};

ALTER TABLE audit_head ADD COLUMN signing_keys_revision BIGINT;

ALTER TABLE audit_head ADD COLUMN signing_keys {blob};
