-- What no entry accounts for, and logs whose records do not follow each other: a sentence for each. The first is told, so the order is
-- part of what verification says, and nothing behind the first is looked for.

-- Cycles: the blocks of the runs stand one behind the other, and there are no others.
SELECT printf('Blocks of cycles before number %s belong to no run, or to two.', b.id)
FROM (SELECT block AS id, lag(block + blocks, 1, 1) OVER (ORDER BY block) AS expected FROM run WHERE blocks > 0) b
WHERE b.id <> b.expected
UNION ALL
SELECT printf('Block of cycles %s belongs to no run.', m)
FROM (SELECT max(id) AS m FROM block)
WHERE m <> (SELECT coalesce(max(block + blocks - 1), 0) FROM run WHERE blocks > 0)
UNION ALL
SELECT printf('Block of cycles %s belongs to no run.', id) FROM block WHERE id < 1
UNION ALL
SELECT printf('Cycles are kept for run %s, which is not open.', t.id >> 27)
FROM tail t LEFT JOIN run r ON r.id = t.id >> 27
WHERE r.state IS NOT 0

-- Rows that belong to nothing. SQLite does not look at CHECK constraints of what it may only read.
UNION ALL
SELECT printf('There is another signed head, number %s.', id) FROM head WHERE id <> 1
UNION ALL
SELECT printf('A personal value belongs to entry %s, which does not exist.', entry)
FROM personal WHERE entry NOT IN (SELECT seq FROM entry)
UNION ALL
SELECT printf('The answer to request %s is that of an entry which does not exist.', request_id)
FROM request WHERE entry NOT IN (SELECT seq FROM entry)

-- What is empty between transactions.
UNION ALL
SELECT printf('The runs of pen %s were not looked at again after a change.', pen) FROM relink
UNION ALL
SELECT printf('The runs of session %s were not added up after a change.', session) FROM retotal
UNION ALL
SELECT printf('The runs before reading %s of a counter were not added up after a change.', event) FROM recount
UNION ALL
SELECT printf('What became of run %s was not told.', run) FROM moved

-- Where reading goes on: behind each record that was read.
UNION ALL
SELECT printf('Log %s has no cursor.', id) FROM log WHERE id NOT IN (SELECT log FROM cursor)
UNION ALL
SELECT printf('Run %s was read beyond the cursor of its log.', r.id)
FROM run r JOIN cursor c ON c.log = r.log
WHERE r.last_seq >= c.next_seq
-- And no further: each record of a pen's log left something, but for what a fork repeated.
UNION ALL
SELECT printf('The cursor of log %s is beyond the last record that was read: what follows would not be.', l.id)
FROM log l JOIN cursor c ON c.log = l.id
WHERE l.kept = 1 AND l.fork = 0
	AND c.next_seq > 1 + max(coalesce((SELECT max(r.last_seq) FROM run r WHERE r.log = l.id), -1),
		coalesce((SELECT max(e.seq) FROM event e WHERE e.log = l.id), -1),
		coalesce((SELECT max(o.next_seq) - 1 FROM loss o WHERE o.log = l.id), -1))

-- An open run has no entry. It is the last of its log, and what it begins with is no record that entries tell of.
UNION ALL
SELECT printf('Open run %s is of no log of its pen.', o.id)
FROM run o LEFT JOIN log l ON l.id = o.log
WHERE o.state = 0 AND (l.pen IS NOT o.pen OR o.first_seq < 0 OR o.last_seq < o.first_seq)
UNION ALL
SELECT printf('Run %s is open, and others follow it.', o.id)
FROM run o JOIN run r ON r.log = o.log AND r.first_seq > o.first_seq
WHERE o.state = 0
UNION ALL
SELECT printf('Open run %s begins with a record that is another.', o.id)
FROM run o JOIN event e ON e.log = o.log AND e.seq = o.first_seq
WHERE o.state = 0
UNION ALL
SELECT printf('Open run %s begins with a record that is said to be lost.', o.id)
FROM run o JOIN loss l ON l.log = o.log AND o.first_seq >= l.first_seq AND o.first_seq < l.next_seq
WHERE o.state = 0

-- Records of a log: each was read once, and none that was lost.
UNION ALL
SELECT printf('Event %s was read beyond the cursor of its log.', e.id)
FROM event e JOIN cursor c ON c.log = e.log
WHERE e.seq >= c.next_seq
UNION ALL
SELECT printf('Loss %s lies beyond the cursor of its log.', l.id)
FROM loss l JOIN cursor c ON c.log = l.log
WHERE l.next_seq > c.next_seq
UNION ALL
SELECT printf('Run %s begins before the run before it ends.', id)
FROM (SELECT id, first_seq, lag(last_seq) OVER (PARTITION BY log ORDER BY first_seq) AS before FROM run)
WHERE before >= first_seq
UNION ALL
SELECT printf('Loss %s overlaps another.', id)
FROM (SELECT id, first_seq, lag(next_seq) OVER (PARTITION BY log ORDER BY first_seq) AS before FROM loss)
WHERE before > first_seq
UNION ALL
SELECT printf('Event %s is a record that is said to be lost.', e.id)
FROM loss l JOIN event e ON e.log = l.log AND e.seq >= l.first_seq AND e.seq < l.next_seq
