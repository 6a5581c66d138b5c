-- Entries up to this one were looked at.
INSERT INTO audit_cursor (id, entry) VALUES (1, :told ->> 'entry') ON CONFLICT (id) DO UPDATE SET entry = excluded.entry
