-- Any look at the file: from then on a transaction sees the record as it is now.
SELECT count(*) FROM sqlite_schema
