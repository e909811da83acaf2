-- Lists that were begun elsewhere keep their name and their format; '' is a
-- list of our own. Columns that are added later are part of a row's sum only
-- where they differ from their default, so that older rows keep theirs.
ALTER TABLE lists ADD COLUMN url TEXT NOT NULL DEFAULT '';
ALTER TABLE lists ADD COLUMN format TEXT NOT NULL DEFAULT '';

-- What the issuer calls the holder in its own books, only if switched on.
ALTER TABLE issued ADD COLUMN holder_ref TEXT NOT NULL DEFAULT '';
CREATE INDEX issued_holder ON issued (issuer, holder_ref) WHERE holder_ref <> '';
