SELECT f.policy_name AS contract, f.policy_version AS version, c."value" AS site, f.code,
       count(DISTINCT f.recording_id) AS recordings, sum(f."count") AS violations, max(r.start_ns) AS last_ns
FROM findings f
JOIN recordings r ON r.recording_id = f.recording_id
LEFT JOIN context c ON c.recording_id = f.recording_id AND c.field = 'site' AND c."number" = 0
WHERE f.code LIKE 'contract.%'
GROUP BY f.policy_name, f.policy_version, c."value", f.code
ORDER BY contract, version, site NULLS LAST, f.code
