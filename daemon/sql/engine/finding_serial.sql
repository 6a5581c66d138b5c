-- Serial number of the pen that a finding is about; else of the only one that its session has, for whoever watches that.
SELECT serial FROM pen
WHERE id = coalesce(nullif(:pen, 0), (SELECT a.pen FROM assignment a
	WHERE a.session = :session AND a.void IS NULL
	GROUP BY a.session HAVING count(DISTINCT a.pen) = 1))
