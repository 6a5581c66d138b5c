-- SPDX-License-Identifier: MIT
-- doc: An audit profile, with its text as it was loaded.
-- role: operator
-- shape: object
-- param: profile ref:profile required -- Its name.
-- column: id int -- Its number.
-- column: name text -- Its name.
-- column: doc text -- What it is.
-- column: include text -- The profile whose values hold where it says nothing; null none.
-- column: in_use bool -- It judges what is done today.
-- column: days json -- From which days on it judges, each until the next profile's: ["2026-07-01",...]; null in it: always.
-- column: loaded time -- When this text was loaded.
-- column: text text -- The text.
-- column: entry int -- Its version.

SELECT p.id, p.name, p.doc, p.include,
	p.id IS (SELECT u.profile FROM profile_use u WHERE u.from_day <= local_day(unixepoch('now') * 1000000) ORDER BY u.from_day DESC LIMIT 1) AS in_use,
	(SELECT json_group_array(day_text(nullif(u.from_day, 0))) FROM profile_use u WHERE u.profile = p.id AND u.from_day >= 0) AS days,
	p.loaded_us, p.content AS text, p.entry
FROM profile p
WHERE p.id = :profile
