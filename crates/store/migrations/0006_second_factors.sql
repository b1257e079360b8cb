CREATE TABLE second_factors (
    account TEXT NOT NULL PRIMARY KEY,
    method TEXT NOT NULL,
    first_proved BIGINT NOT NULL,
    last_proved BIGINT NOT NULL
);

ALTER TABLE tickets ADD COLUMN methods TEXT;

ALTER TABLE tickets ADD COLUMN second_factor BIGINT;
