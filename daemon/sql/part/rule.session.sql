-- SPDX-License-Identifier: MIT
-- What a rule of sessions s is asked for.

	AND s.start_us >= :since_us -- if since_us
	AND s.start_us < :until_us -- if until_us
	AND s.id = :session -- if session
	AND s.client = :client -- if client
	AND s.practitioner = :practitioner -- if practitioner
	AND s.place = :place -- if place
