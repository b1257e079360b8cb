-- Up to which event a follower of the audit trail has it, sealed with the hash of that event.

ALTER TABLE audit_readers ADD COLUMN hash {blob};

ALTER TABLE audit_readers ADD COLUMN sealed_with TEXT;

ALTER TABLE audit_readers ADD COLUMN mac {blob};
