-- SPDX-License-Identifier: MIT
-- doc: Erases what identifies a client: number, name, birth date, contact, and all free text of their records. What was done, when
-- doc: and with what stays, as that of a client whose name nobody knows. It cannot be taken back.
-- role: admin
-- noun: client
-- param: client ref:client required -- Record number, or name.
-- reason: required
-- after: wipe
-- column: values int -- Personal values that were deleted.
-- column: entries int -- Entries that they belonged to.
-- column: sessions int -- Sessions whose record stays.
-- column: kept_until text -- Day until which the record had to be kept; null when the client had no session.

-- How long: minimum_years of the audit profile in use, or of the nearest that it includes, and no less than retention_years of the
-- configuration; 3 where neither says.
--: let
WITH one AS (SELECT (WITH RECURSIVE
		chain AS (SELECT p.name AS name, 0 AS depth
			FROM profile p WHERE p.id = (SELECT u.profile FROM profile_use u WHERE u.from_day <= local_day(:at_us) ORDER BY u.from_day DESC LIMIT 1)
			UNION ALL SELECT p.include, depth + 1 FROM chain CROSS JOIN profile p ON p.name = chain.name WHERE p.include IS NOT NULL AND depth < 8)
		SELECT t.value FROM chain CROSS JOIN profile p ON p.name = chain.name CROSS JOIN threshold t ON t.profile = p.id
		WHERE t.rule = 'retention' AND t.name = 'minimum_years' AND t.from_day <= local_day(:at_us)
		ORDER BY depth, t.from_day DESC LIMIT 1) AS profile_years,
	CAST((SELECT value FROM setting WHERE name = 'retention_years') AS INTEGER) AS config_years)
SELECT coalesce(max(coalesce(profile_years, config_years), coalesce(config_years, profile_years)), 3) AS kept_years FROM one

-- From the last session on. A year is 365.2425 days.
--: let
SELECT max(coalesce(s.end_us, s.start_us)) + 31556952000000 * :kept_years AS kept_until_us,
	count(*) AS erased_sessions
FROM session s
WHERE s.client = :client AND s.state <> 'void'

--: check
SELECT 'conflict', printf('Client #%d was erased already, on %s.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Client #%d is under legal hold since %s: client release ends it.', id, local_time(hold_us)), 'client'
FROM client WHERE id = :client AND hold_us IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Session #%d of client #%d is open: end it first.', id, :client), 'client'
FROM session WHERE client = :client AND state = 'open'
UNION ALL
SELECT 'conflict', printf('The record of client #%d must be kept until %s: %d years from the last session, as the audit profile or the configuration has it.', :client,
	substr(local_time(:kept_until_us), 1, 10), :kept_years), 'client'
WHERE :kept_until_us > :at_us

-- Entries about the client, and about what is the client's. What was put down for this client by mistake and is another's now is spared,
-- but for its reason, which may say so.
--: let
SELECT count(*) AS erased_values, count(DISTINCT p.entry) AS erased_entries
FROM personal p
WHERE p.entry IN (
		SELECT entry FROM about WHERE noun = 'client' AND id = :client
		UNION SELECT a.entry FROM session s JOIN about a ON a.noun = 'session' AND a.id = s.id WHERE s.client = :client
		UNION SELECT a.entry FROM course c JOIN about a ON a.noun = 'course' AND a.id = c.id WHERE c.client = :client)
	AND (p.field = 'reason' OR NOT EXISTS (
		SELECT 1 FROM about a JOIN session s ON s.id = a.id
		WHERE a.noun = 'session' AND a.entry = p.entry AND s.client <> :client))

--: apply
DELETE FROM personal
WHERE entry IN (
		SELECT entry FROM about WHERE noun = 'client' AND id = :client
		UNION SELECT a.entry FROM session s JOIN about a ON a.noun = 'session' AND a.id = s.id WHERE s.client = :client
		UNION SELECT a.entry FROM course c JOIN about a ON a.noun = 'course' AND a.id = c.id WHERE c.client = :client)
	AND (field = 'reason' OR NOT EXISTS (
		SELECT 1 FROM about a JOIN session s ON s.id = a.id
		WHERE a.noun = 'session' AND a.entry = personal.entry AND s.client <> :client));
DELETE FROM request
WHERE entry IN (
		SELECT entry FROM about WHERE noun = 'client' AND id = :client
		UNION SELECT a.entry FROM session s JOIN about a ON a.noun = 'session' AND a.id = s.id WHERE s.client = :client
		UNION SELECT a.entry FROM course c JOIN about a ON a.noun = 'course' AND a.id = c.id WHERE c.client = :client);
UPDATE client SET erased_us = :at_us, entry = :entry WHERE id = :client;

--: answer
SELECT :erased_values AS "values", :erased_entries AS entries, :erased_sessions AS sessions,
	substr(local_time(:kept_until_us), 1, 10) AS kept_until
