INSERT INTO followed (reader, position) SELECT 'trace', coalesce(max(position), 0) FROM event
