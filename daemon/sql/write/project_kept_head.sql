UPDATE kept_head SET entry = :seq WHERE seq = :payload ->> 'seq'
