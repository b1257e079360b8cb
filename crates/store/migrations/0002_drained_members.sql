CREATE TABLE drained_members (
    farm TEXT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (farm, member)
);
