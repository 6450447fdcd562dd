SELECT COUNT(*), SUM(severity), avg(severity), quantiles(0.5, 0.99)(severity) FROM events
SELECT countIf(severity > 1), uniqExactIf(user, severity = 1), sumOrNull(severity) FROM events
SELECT topK(3)(application), groupUniqArray(5)(message), argMax(id, timestamp) FROM events
SELECT toStartOfHour(timestamp) AS h, severity, count() FROM events GROUP BY h, severity
SELECT toStartOfInterval(timestamp, INTERVAL 5 MINUTE) AS t, count() FROM events GROUP BY t
SELECT count() FROM events WHERE timestamp > now() - INTERVAL 1 DAY AND toDate(timestamp) > today() - 7
SELECT formatDateTime(timestamp, '%F %T'), dateDiff('second', timestamp, now()) FROM events LIMIT 1
SELECT extract(message, '(\d+)'), replaceRegexpAll(message, '[0-9]', '#') FROM events LIMIT 1
SELECT count() FROM events WHERE match(message, '(?i)^1') OR message ILIKE '%x%' OR message REGEXP 'z'
SELECT JSONExtractFloat(properties, 'ms'), JSON_VALUE(properties, '$.a'), JSONHas(properties, 'a') FROM events LIMIT 1
SELECT JSONExtract(properties, 'tags', 'Array(String)') AS tags, has(tags, 'x') FROM events LIMIT 1
SELECT arrayMap(x -> x * 2, [1, 2]), arrayFilter((x, i) -> x > i, [1, 2], [0, 9]), arraySort([3, 1])
SELECT map('a', 1)['a'], mapKeys(map('a', 1)), tuple(1, 'x').2, [1, 2][1]
SELECT CASE WHEN severity > 3 THEN 'bad' ELSE 'good' END AS c, count() FROM events GROUP BY c
SELECT CASE severity WHEN 1 THEN 'a' ELSE 'b' END, if(severity = 1, 2, 3), coalesce(NULL, 1) FROM events LIMIT 1
SELECT '1'::UInt8, CAST('2020-01-01' AS Date), toInt64OrNull('x'), toDecimal64('1.5', 2), severity::String FROM events LIMIT 1
SELECT lower(message), substring(message, 1, 3), splitByChar(' ', message), concat(user, '@', host), message || 'x' FROM events LIMIT 1
SELECT trim(BOTH ' ' FROM message), leftPad(toString(severity), 5, '0'), format('{}-{}', user, host) FROM events LIMIT 1
SELECT cityHash64(message), sipHash64(user), hex(MD5(message)), base64Encode(message) FROM events LIMIT 1
SELECT domain('http://a.b/c'), path('http://a.b/c?d=1'), extractURLParameter('http://a/?d=1', 'd')
SELECT isIPAddressInRange('10.0.0.1', '10.0.0.0/8'), toIPv4('10.0.0.1'), IPv4NumToString(1)
SELECT row_number() OVER (PARTITION BY severity ORDER BY id) AS r, lagInFrame(id) OVER w FROM events WINDOW w AS (ORDER BY id) LIMIT 1
SELECT sum(count()) OVER (ORDER BY severity ROWS UNBOUNDED PRECEDING) FROM events GROUP BY severity
SELECT severity, count() AS n FROM events GROUP BY ROLLUP(severity) HAVING n > 1 ORDER BY n DESC NULLS LAST LIMIT 2 WITH TIES
SELECT grouping(severity), count() FROM events GROUP BY GROUPING SETS ((severity), ())
SELECT severity, id FROM events ORDER BY id LIMIT 1 BY severity
SELECT * EXCEPT (message) REPLACE (severity + 1 AS severity), COLUMNS('^us') FROM events LIMIT 1
SELECT n, count() FROM events ARRAY JOIN [1, 2] AS n GROUP BY n ORDER BY n WITH FILL FROM 0 TO 5 STEP 1 INTERPOLATE
WITH a AS (SELECT id FROM events), 5 AS k SELECT count() + k FROM events WHERE id IN (a) AND id IN (SELECT id FROM a) AND EXISTS (SELECT 1)
SELECT count() FROM events AS a LEFT ANY JOIN (SELECT severity, count() AS n FROM events GROUP BY severity) AS b USING severity
SELECT 1 UNION DISTINCT SELECT 1 INTERSECT SELECT 1 EXCEPT SELECT 2
SELECT number, rand() % 1 FROM numbers(3) AS n CROSS JOIN values('a UInt8, b String', (1, 'x'), (2, 'y')) AS v
SELECT sumMap(map(application, 1)), groupArraySorted(3)(id), histogram(3)(severity), sparkbar(5)(severity, 1) FROM events
SELECT quantileTDigestWeighted(0.9)(severity, 1), stddevPop(severity), corr(severity, id), skewPop(severity) FROM events
SELECT windowFunnel(60)(toDateTime(timestamp), severity = 1, severity = 2), retention(severity = 1, severity = 2) FROM events
SELECT toUnixTimestamp64Milli(timestamp), fromUnixTimestamp64Nano(1::Int64), toTimezone(timestamp, 'Europe/Berlin') FROM events LIMIT 1
SELECT formatReadableSize(10), round(1.5), intDiv(7, 2), 7 % 2, pow(2, 3), greatest(1, 2), bitAnd(5, 3), transform(1, [1], ['a'], 'b')
SELECT multiSearchAny(message, ['1', '2']), hasAnyTokens(message, ['12']), hasToken(message, '12'), position(message, '1'), countSubstrings(message, '1') FROM events LIMIT 1
SELECT logster.events.message FROM logster.events WHERE 'logster.events' != `user` AND severity BETWEEN 0 AND 9 LIMIT 1
SELECT message AS `the 'name'`, user AS "quoted name" FROM events /* of ours */ LIMIT 1 -- the end
