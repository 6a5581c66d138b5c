-- SPDX-License-Identifier: MIT
-- doc: Uses an audit profile: it judges all sessions, or those from a day on, each by the values that were in force on its day.
-- role: admin
-- noun: profile
-- param: profile ref:profile required -- Its name.
-- param: from date -- First day that it judges; what was done before is judged as until now. Without it, all.
-- column: name text -- Its name.
-- column: from text -- First day that it judges; null: always.

--: let
SELECT coalesce(expiry_day(:from), 0) AS from_day

--: apply
DELETE FROM profile_use WHERE from_day >= :from_day;
INSERT INTO profile_use (from_day, profile, entry) VALUES (:from_day, :profile, :entry);
UPDATE profile SET entry = :entry WHERE id = :profile;

--: answer
SELECT (SELECT name FROM profile WHERE id = :profile) AS name, :from AS "from"
