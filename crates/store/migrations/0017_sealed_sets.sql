-- Sets of rows that are sealed as a whole, with the head of the audit trail: trusts and signing keys. And when a session was
-- taken for the new sign-in that a party had asked for.

ALTER TABLE audit_head ADD COLUMN trusts_revision BIGINT;

ALTER TABLE audit_head ADD COLUMN trusts {blob};

ALTER TABLE audit_head ADD COLUMN signing_keys_revision BIGINT;

ALTER TABLE audit_head ADD COLUMN signing_keys {blob};

ALTER TABLE sessions ADD COLUMN spent BIGINT;
