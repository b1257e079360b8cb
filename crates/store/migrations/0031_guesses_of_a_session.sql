-- How many old secrets were typed in a session to choose another: so many, and no more, until it ends.

ALTER TABLE sessions ADD COLUMN guesses BIGINT NOT NULL DEFAULT 0;
