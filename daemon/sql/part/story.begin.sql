-- SPDX-License-Identifier: MIT
-- The page around the kinds of row of a story; story.end closes it. Each kind of row is a SELECT of its own with the columns
-- at_us, n, id, side, what, who, session, client, pen, detail, entry; n numbers the kinds of one story, so that a cursor is at_us.n.id.

-- Each kind of row comes in its own order, by its index; they are merged as far as the page goes, so that a page of a long story costs no
-- more than one of a short.
SELECT few.at_us, few.side, few.what, few.who, few.session, few.client, cn.value AS client_number, cm.value AS client_name,
	(SELECT serial FROM pen WHERE id = few.pen) AS pen, few.detail, few.entry, few.at_us || '.' || few.n || '.' || few.id AS cursor
FROM (
