-- SPDX-License-Identifier: MIT
-- doc: Records what was cleaned, disinfected, sterilised, tested or serviced, and with what.
-- role: operator
-- noun: hygiene
-- param: kind text required values=disinfected|barrier|cleaned|sterilised|spore_test|prepared|discarded|serviced -- What was done: barrier is a new barrier film; prepared and discarded are of a disinfectant.
-- param: pen ref:pen -- The pen: its serial number, or the beginning of it.
-- param: place ref:place -- The chair, the room, or the steriliser.
-- param: session ref:session -- The session that it was for; a new barrier film on a pen in use counts to its session by itself.
-- param: practitioner ref:practitioner -- Who did it; without it, who is at the keyboard.
-- param: at time -- When; without it, now.
-- param: product ref:product -- The disinfectant, or the film.
-- param: lot ref:lot -- Its lot.
-- param: concentration text max=60 -- Of the disinfectant: 70 %, 1:20.
-- param: result text values=passed|failed -- Of a spore test.
-- param: note text personal max=4096 -- Free text.
-- about: pen place of_session=session of_product=product lot done_by=practitioner
-- guard: of_session=session
-- column: session int -- The session that it was counted to; null for none.

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM hygiene) AS hygiene, coalesce(:at, :at_us) AS done_us,
	coalesce(:practitioner, :on_behalf_of, (SELECT id FROM practitioner WHERE user_name = :actor AND active)) AS done_by,
	coalesce((SELECT product FROM lot WHERE id = :lot), :product) AS of_product,
	coalesce(:session, (SELECT a.session FROM assignment a JOIN session s ON s.id = a.session
		WHERE :kind = 'barrier' AND a.pen = :pen AND a.void IS NULL AND a.to_us IS NULL AND s.state = 'open'
			AND a.from_us <= coalesce(:at, :at_us))) AS of_session

--: check
SELECT 'missing', 'A spore test is of a steriliser: name it as the place.', 'place'
WHERE :kind = 'spore_test' AND NOT EXISTS (SELECT 1 FROM place WHERE id = :place AND kind = 'steriliser')
UNION ALL
SELECT 'missing', 'A spore test has a result: passed or failed.', 'result'
WHERE :kind = 'spore_test' AND :result IS NULL
UNION ALL
SELECT 'invalid', printf('Only a spore test has a result, and this is %s.', :kind), 'result'
WHERE :kind <> 'spore_test' AND :result IS NOT NULL
UNION ALL
SELECT 'missing', iif(:kind = 'barrier', 'Where the barrier film was put is not said: name the pen, the place or the session.',
	printf('What was %s is not said: name the pen, the place or the session.', :kind)), 'pen'
WHERE :kind IN ('disinfected', 'barrier', 'cleaned', 'sterilised', 'serviced') AND coalesce(:pen, :place, :session) IS NULL
UNION ALL
SELECT 'missing', 'With what it was disinfected is not said: name the product or its lot, or say in a note how it was done.', 'product'
WHERE :kind = 'disinfected' AND :of_product IS NULL AND :note IS NULL
UNION ALL
SELECT 'missing', printf('Which disinfectant was %s is not said: name the product or its lot.', :kind), 'product'
WHERE :kind IN ('prepared', 'discarded') AND :of_product IS NULL
UNION ALL
SELECT 'conflict', printf('%s is a %s, and not for disinfecting.', name, category), 'product'
FROM product
WHERE id = :of_product AND :kind IN ('disinfected', 'prepared', 'discarded') AND category NOT IN ('disinfectant', 'other')
UNION ALL
SELECT 'conflict', printf('Lot %s is of %s, not of %s.', l.number, p.name, q.name), 'product'
FROM lot l JOIN product p ON p.id = l.product JOIN product q ON q.id = :product
WHERE l.id = :lot AND l.product <> :product
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:done_us)), 'at'
WHERE :done_us > :at_us + 300000000

--: apply
INSERT INTO hygiene (id, kind, pen, place, session, at_us, practitioner, product, lot, concentration, result, note_entry, entry)
VALUES (:hygiene, :kind, :pen, :place, :of_session, :done_us, :done_by, :of_product, :lot, :concentration, :result, :note, :entry);

--: answer
SELECT :of_session AS session
