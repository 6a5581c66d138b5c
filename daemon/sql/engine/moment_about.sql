-- Sessions and runs that an entry is about.
SELECT noun, id FROM about WHERE entry = :entry AND noun IN ('session', 'run')
