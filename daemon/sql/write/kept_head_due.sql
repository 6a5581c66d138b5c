-- The first head of a day is kept.
SELECT 1 WHERE local_day(:at_us) IS NOT (SELECT local_day(k.at_us) FROM kept_head k ORDER BY k.seq DESC LIMIT 1)
