-- What the directory says of somebody for claim rules: attributes, and what their groups are called.

ALTER TABLE accounts ADD COLUMN attributes TEXT;
