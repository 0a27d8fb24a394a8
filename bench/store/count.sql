SELECT category, count(*) FROM objects GROUP BY category ORDER BY category
