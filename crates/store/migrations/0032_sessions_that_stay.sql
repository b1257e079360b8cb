-- Until when somebody stays signed in by a session who asked for it: what ended by itself takes nobody's place.

ALTER TABLE sessions ADD COLUMN stays BIGINT;
