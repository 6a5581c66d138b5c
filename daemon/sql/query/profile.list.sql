-- SPDX-License-Identifier: MIT
-- doc: Audit profiles that were loaded.
-- role: operator
-- shape: list
-- column: id int -- The profile's number.
-- column: name text -- Its name.
-- column: doc text -- What it is.
-- column: include text -- The profile whose values hold where it says nothing; null none.
-- column: in_use bool -- It judges what is done today.
-- column: from text -- First day that it judges; null: it judges no day, or always.
-- column: values int -- Values that it sets.
-- column: loaded time -- When this text was loaded.
-- column: entry int -- Its version.

SELECT p.id, p.name, p.doc, p.include,
	p.id IS (SELECT u.profile FROM profile_use u WHERE u.from_day <= local_day(unixepoch('now') * 1000000) ORDER BY u.from_day DESC LIMIT 1) AS in_use,
	(SELECT day_text(nullif(u.from_day, 0)) FROM profile_use u WHERE u.profile = p.id AND u.from_day >= 0 ORDER BY u.from_day DESC LIMIT 1) AS "from",
	(SELECT count(*) FROM threshold t WHERE t.profile = p.id) AS "values", p.loaded_us, p.entry
FROM profile p WHERE p.id > 0
ORDER BY p.id
