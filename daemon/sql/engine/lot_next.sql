-- The next entry after :after, up to :last, that changed lots that may have been used. By the numbers of entries: of those about lots there are
-- ever more.
SELECT a.entry FROM about a JOIN entry e ON e.seq = a.entry
WHERE a.entry > :after AND a.entry <= :last AND +a.noun = 'lot' AND a.subject = 1 AND e.action <> 'lot.add'
ORDER BY a.entry
LIMIT 1
