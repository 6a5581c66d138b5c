-- SPDX-License-Identifier: MIT
-- doc: What was done to a record, newest first: who, when, why, and each value before and after. Entries that only name it are among them.
-- role: operator
-- shape: page
-- param: noun text required values=assignment|client|condition|consent|course|hygiene|lot|patch_test|pause|pen|place|practitioner|product|reaction|run|segment|session|step|use -- What kind of record.
-- param: record ref:* required -- Its number, such as #17, or what it is called.
-- param: changed bool default=false -- Only entries that changed it, not those that name it.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: entry int -- Number of the entry.
-- column: at time -- When it was written.
-- column: actor text -- Who wrote it: a user, or daemon.
-- column: on_behalf_of text -- Practitioner whose word it was; null when the user's own.
-- column: action text -- The method.
-- column: changed bool -- Whether it changed the record; else it names it.
-- column: reason text -- Why; null when nobody said, or when it was erased.
-- column: amended bool -- Whether it changed a signed session.
-- column: changes json -- [{field, was, now},...]: was is null where nothing was, now is null where it was taken back to nothing. erased is true where a personal value is gone.

SELECT e.seq AS entry, e.at_us, e.actor, (SELECT name FROM practitioner WHERE id = e.payload ->> 'on_behalf_of') AS on_behalf_of, e.action,
	a.subject AS changed, (SELECT value FROM personal WHERE entry = e.seq AND field = 'reason') AS reason,
	e.payload ->> 'amend' IS NOT NULL AS amended, history_fields(e.seq, e.action, e.payload) AS changes, e.seq AS cursor
FROM about a JOIN entry e ON e.seq = a.entry
WHERE a.noun = :noun AND a.id = :record
	AND (a.subject = 1 OR NOT :changed)
	AND a.entry < cursor_part(:after, 0, 1) -- if after
ORDER BY a.entry DESC
LIMIT :limit
