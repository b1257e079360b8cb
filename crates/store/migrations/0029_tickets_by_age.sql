-- The tickets of a credential by their age: those beyond so many are found without reading and sorting all of them with
-- each ticket that is recorded.

CREATE INDEX tickets_by_age ON tickets (credential, pool, relayed DESC, ticket);

DROP INDEX tickets_by_credential;
