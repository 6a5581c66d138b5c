-- SPDX-License-Identifier: MIT
-- doc: Loads an audit profile: which rules apply, and by which values. One of the same name is replaced, and judges by the new text from
-- doc: then on, each day by the values that were in force on it. The first one loaded is in use at once.
-- role: admin
-- noun: profile
-- param: text text required min=1 max=32768 -- The text of the profile; stipplectl takes the name of its file, or of a profile that came with stipple.
-- param: file text max=255 -- What the text is called in messages.
-- column: name text -- Its name.
-- column: values int -- Values that it sets.
-- column: in_use bool -- It is in use already.

--: check
SELECT 'invalid', profile_problem(:text, coalesce(:file, 'text')), 'text'
WHERE profile_problem(:text, coalesce(:file, 'text')) IS NOT NULL

--: let
SELECT profile_part(:text, 'text', 'name') AS profile_name, profile_part(:text, 'text', 'doc') AS says,
	profile_part(:text, 'text', 'include') AS includes, profile_part(:text, 'text', 'values') AS parsed

--: let
SELECT coalesce((SELECT id FROM profile WHERE name = :profile_name), (SELECT coalesce(max(id), 0) + 1 FROM profile)) AS profile

-- Down from the one that is included: it must be there, and must not lead back.
--: check
SELECT 'missing', printf('There is no profile %s, which is included: load it first.', :includes), 'text'
WHERE :includes IS NOT NULL AND NOT EXISTS (SELECT 1 FROM profile WHERE name = :includes)
UNION ALL
SELECT 'conflict', printf('Profile %s includes %s in turn: none can include itself.', down.name, :profile_name), 'text'
FROM (WITH RECURSIVE chain AS (SELECT :includes AS name, 1 AS depth
	UNION ALL SELECT p.include, depth + 1 FROM chain CROSS JOIN profile p ON p.name = chain.name WHERE p.include IS NOT NULL AND depth < 9)
	SELECT chain.name AS name, p.include AS include, depth FROM chain CROSS JOIN profile p ON p.name = chain.name) down
WHERE down.include = :profile_name
UNION ALL
SELECT 'conflict', 'Profiles that include each other go eight deep, and no deeper.', 'text'
FROM (WITH RECURSIVE chain AS (SELECT :includes AS name, 1 AS depth
	UNION ALL SELECT p.include, depth + 1 FROM chain CROSS JOIN profile p ON p.name = chain.name WHERE p.include IS NOT NULL AND depth < 9)
	SELECT depth FROM chain WHERE depth > 8) down

--: apply
DELETE FROM threshold WHERE profile = :profile;
INSERT INTO profile (id, name, doc, include, content, loaded_us, entry) VALUES (:profile, :profile_name, :says, :includes, :text, :at_us, :entry)
ON CONFLICT (id) DO UPDATE SET doc = excluded.doc, include = excluded.include, content = excluded.content, loaded_us = excluded.loaded_us,
	entry = excluded.entry;
INSERT INTO threshold (profile, rule, name, from_day, value, source)
SELECT :profile, value ->> 'rule', value ->> 'name', value ->> 'from_day', value ->> 'value', value ->> 'source' FROM json_each(:parsed);
INSERT INTO profile_use (from_day, profile, entry) SELECT 0, :profile, :entry WHERE NOT EXISTS (SELECT 1 FROM profile_use);

--: answer
SELECT :profile_name AS name, (SELECT count(*) FROM threshold WHERE profile = :profile) AS "values",
	EXISTS (SELECT 1 FROM profile_use WHERE profile = :profile) AS in_use
