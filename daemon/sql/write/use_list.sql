-- The uses that follow from a pen's report, and the state of their sessions.
SELECT u.id, u.session, s.state FROM item_use u LEFT JOIN session s ON s.id = u.session WHERE u.event = :event ORDER BY coalesce(u.session, 0)
