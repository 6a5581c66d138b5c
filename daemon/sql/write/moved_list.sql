SELECT p.serial, m.session, m.late, count(*), min(m.run) FROM moved m JOIN pen p ON p.id = m.pen
GROUP BY m.pen, m.session, m.late ORDER BY m.pen, m.session, m.late
