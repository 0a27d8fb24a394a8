SELECT recording_id, category, min(sqrt(x_m * x_m + y_m * y_m)) AS distance_m
FROM objects GROUP BY recording_id, category ORDER BY recording_id, category
