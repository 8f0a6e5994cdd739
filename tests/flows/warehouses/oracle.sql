SELECT
  CASE WHEN "t0"."lactate" = binary_double_nan THEN NULL ELSE "t0"."lactate" END AS "v0",
  (
    "t0"."lactate" IS NULL
  ) OR (
    "t0"."lactate" = binary_double_nan
  ) AS "b0",
  CASE WHEN "t0"."risk" = binary_double_nan THEN NULL ELSE "t0"."risk" END AS "v1",
  (
    "t0"."risk" IS NULL
  ) OR (
    "t0"."risk" = binary_double_nan
  ) AS "b1",
  CASE
    WHEN (
      "t0"."ward" IS NULL
    )
    OR (
      RTRIM(LTRIM("t0"."ward", ' 	
'), ' 	
') = ''
    )
    OR (
      LOWER(RTRIM(LTRIM("t0"."ward", ' 	
'), ' 	
')) = 'nan'
    )
    THEN NULL
    ELSE RTRIM(LTRIM("t0"."ward", ' 	
'), ' 	
')
  END AS "t0",
  'everyone' AS "g",
  COALESCE(
    CASE
      WHEN (
        "t0"."sex" IS NULL
      )
      OR (
        RTRIM(LTRIM("t0"."sex", ' 	
'), ' 	
') = ''
      )
      OR (
        LOWER(RTRIM(LTRIM("t0"."sex", ' 	
'), ' 	
')) = 'nan'
      )
      THEN NULL
      ELSE RTRIM(LTRIM("t0"."sex", ' 	
'), ' 	
')
    END,
    'Unknown'
  ) AS "g0",
  CASE
    WHEN CAST("t0"."age" AS DOUBLE PRECISION) IS NULL
    THEN 'Unknown'
    ELSE CASE
      WHEN CAST("t0"."age" AS DOUBLE PRECISION) < CAST('18.0' AS DOUBLE PRECISION)
      THEN 'under 18'
      ELSE CASE
        WHEN CAST("t0"."age" AS DOUBLE PRECISION) < CAST('65.0' AS DOUBLE PRECISION)
        THEN '18 to 64'
        ELSE '65 and over'
      END
    END
  END AS "g1",
  CASE
    WHEN CAST("t0"."died" AS DOUBLE PRECISION) = 1
    THEN 1
    WHEN CAST("t0"."died" AS DOUBLE PRECISION) = 0
    THEN 0
    ELSE -1
  END AS "outcome",
  CAST(CASE
    WHEN (
      CASE WHEN "t0"."risk" = binary_double_nan THEN NULL ELSE "t0"."risk" END IS NOT NULL
    )
    AND (
      CASE WHEN "t0"."risk" = binary_double_nan THEN NULL ELSE "t0"."risk" END >= 0
    )
    AND (
      CASE WHEN "t0"."risk" = binary_double_nan THEN NULL ELSE "t0"."risk" END <= 1
    )
    THEN CASE
      WHEN CASE WHEN "t0"."risk" = binary_double_nan THEN NULL ELSE "t0"."risk" END >= CAST('0.5' AS DOUBLE PRECISION)
      THEN 1
      ELSE 0
    END
    ELSE -1
  END AS INT) AS "decision",
  -1 AS "action",
  CAST(FLOOR(
    (
      CASE
        WHEN (
          CASE WHEN "t0"."risk" = binary_double_nan THEN NULL ELSE "t0"."risk" END IS NOT NULL
        )
        AND (
          CASE WHEN "t0"."risk" = binary_double_nan THEN NULL ELSE "t0"."risk" END >= 0
        )
        AND (
          CASE WHEN "t0"."risk" = binary_double_nan THEN NULL ELSE "t0"."risk" END <= 1
        )
        THEN CASE WHEN "t0"."risk" = binary_double_nan THEN NULL ELSE "t0"."risk" END
        ELSE 0.0
      END * 1000000.0
    ) + 0.5
  ) AS INT) AS "millionths"
FROM "rounds_window" "t0";

SELECT
  'column lactate' AS "tag",
  CAST("t2"."place" AS VARCHAR2(4000)) AS "key",
  0 AS "outcome",
  0 AS "decision",
  0 AS "cell",
  0 AS "action",
  "t2"."n",
  0 AS "score_sum"
FROM (
  SELECT
    "t1"."place",
    COUNT(*) AS "n"
  FROM (
    SELECT
      CASE
        WHEN "t0"."b0"
        THEN -1
        WHEN "t0"."v0" IS NULL
        THEN -2
        WHEN "t0"."v0" < CAST('0.0' AS DOUBLE PRECISION)
        THEN -3
        WHEN "t0"."v0" > CAST('2.5' AS DOUBLE PRECISION)
        THEN -4
        ELSE CASE WHEN "t0"."v0" < CAST('1.0' AS DOUBLE PRECISION) THEN 0 ELSE 1 END
      END AS "place"
    FROM "rounds_prepared" "t0"
  ) "t1"
  GROUP BY
    "t1"."place"
) "t2";

SELECT
  'column ward' AS "tag",
  "t2"."place" AS "key",
  0 AS "outcome",
  0 AS "decision",
  0 AS "cell",
  0 AS "action",
  "t2"."n",
  0 AS "score_sum"
FROM (
  SELECT
    "t1"."place",
    COUNT(*) AS "n"
  FROM (
    SELECT
      CASE
        WHEN "t0"."t0" IS NULL
        THEN 'missing'
        WHEN "t0"."t0" IN ('A', 'B''1', 'rare')
        THEN CASE WHEN '=' IS NULL OR "t0"."t0" IS NULL THEN NULL ELSE CONCAT('=', "t0"."t0") END
        ELSE 'unseen'
      END AS "place"
    FROM "rounds_prepared" "t0"
  ) "t1"
  GROUP BY
    "t1"."place"
) "t2";

SELECT
  'cube age' AS "tag",
  "t2"."key",
  CAST("t2"."outcome" AS INT) AS "outcome",
  CAST("t2"."decision" AS INT) AS "decision",
  CAST("t2"."cell" AS INT) AS "cell",
  CAST("t2"."action" AS INT) AS "action",
  "t2"."n",
  "t2"."score_sum"
FROM (
  SELECT
    "t1"."key",
    "t1"."outcome",
    "t1"."decision",
    "t1"."action",
    "t1"."cell",
    COUNT(*) AS "n",
    SUM("t1"."millionths") AS "score_sum"
  FROM (
    SELECT
      "t0"."g1" AS "key",
      "t0"."outcome",
      "t0"."decision",
      "t0"."action",
      CASE
        WHEN "t0"."b1"
        THEN -1
        WHEN (
          "t0"."v1" IS NULL
        ) OR (
          "t0"."v1" < 0
        ) OR (
          "t0"."v1" > 1
        )
        THEN -2
        ELSE CASE WHEN "t0"."v1" < CAST('0.5' AS DOUBLE PRECISION) THEN 0 ELSE 1 END
      END AS "cell",
      "t0"."millionths"
    FROM "rounds_prepared" "t0"
  ) "t1"
  GROUP BY
    "t1"."key",
    "t1"."outcome",
    "t1"."decision",
    "t1"."action",
    "t1"."cell"
) "t2";
