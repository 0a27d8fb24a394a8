SELECT i.name, count(*) FROM objects AS o JOIN intervals AS i
ON o.recording_id = i.recording_id AND o.t_ns BETWEEN i.start_ns AND i.end_ns
GROUP BY i.name ORDER BY i.name
