-- How many old secrets were typed in a session to choose another: so many, and no more, until it ends.

ALTER TABLE sessions ADD COLUMN guesses BIGINT NOT NULL DEFAULT 0;

-- By which key of the key file each process that serves seals, as it says again and again.

CREATE TABLE sealers (
    process TEXT NOT NULL PRIMARY KEY,
    called TEXT NOT NULL,
    sealing_key TEXT NOT NULL,
    said BIGINT NOT NULL
);
