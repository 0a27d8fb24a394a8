SELECT recording_id, category, quantile(sqrt(vx_mps * vx_mps + vy_mps * vy_mps), 0.99) AS speed_mps
FROM objects GROUP BY recording_id, category ORDER BY recording_id, category
