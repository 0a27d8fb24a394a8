SELECT count(*), sum(length_ns) FROM (
  SELECT max(t_ns) - min(t_ns) AS length_ns FROM objects GROUP BY recording_id, track_id
) AS tracks WHERE length_ns > 5000000000
