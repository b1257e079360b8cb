CREATE TABLE own_passwords (
    account TEXT NOT NULL PRIMARY KEY,
    passwords {blob} NOT NULL
);
