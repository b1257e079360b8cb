-- Since when a memorised secret opens nothing, because its owner said that somebody else knows it; the hash is sealed beside
-- it. And for which proof of a second factor its owner was told that the lease has lapsed.

ALTER TABLE memorised_secrets ADD COLUMN disowned BIGINT;

ALTER TABLE second_factors ADD COLUMN told BIGINT;
