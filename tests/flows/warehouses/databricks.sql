SELECT
  IF(ISNAN(`t0`.`lactate`), CAST(NULL AS DOUBLE), `t0`.`lactate`) AS `v0`,
  `t0`.`lactate` IS NULL OR ISNAN(`t0`.`lactate`) OR ISNAN(`t0`.`lactate`) AS `b0`,
  IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`) AS `v1`,
  `t0`.`risk` IS NULL OR ISNAN(`t0`.`risk`) OR ISNAN(`t0`.`risk`) AS `b1`,
  IF(
    (
      `t0`.`ward` IS NULL
    )
    OR (
      REGEXP_REPLACE(`t0`.`ward`, '^\\s+|\\s+$', '') = ''
    )
    OR (
      LOWER(REGEXP_REPLACE(`t0`.`ward`, '^\\s+|\\s+$', '')) = 'nan'
    ),
    CAST(NULL AS STRING),
    REGEXP_REPLACE(`t0`.`ward`, '^\\s+|\\s+$', '')
  ) AS `t0`,
  'everyone' AS `g`,
  COALESCE(
    IF(
      (
        `t0`.`sex` IS NULL
      )
      OR (
        REGEXP_REPLACE(`t0`.`sex`, '^\\s+|\\s+$', '') = ''
      )
      OR (
        LOWER(REGEXP_REPLACE(`t0`.`sex`, '^\\s+|\\s+$', '')) = 'nan'
      ),
      CAST(NULL AS STRING),
      REGEXP_REPLACE(`t0`.`sex`, '^\\s+|\\s+$', '')
    ),
    'Unknown'
  ) AS `g0`,
  IF(
    CAST(`t0`.`age` AS DOUBLE) IS NULL OR ISNAN(CAST(`t0`.`age` AS DOUBLE)),
    'Unknown',
    IF(
      CAST(`t0`.`age` AS DOUBLE) < CAST('18.0' AS DOUBLE),
      'under 18',
      IF(CAST(`t0`.`age` AS DOUBLE) < CAST('65.0' AS DOUBLE), '18 to 64', '65 and over')
    )
  ) AS `g1`,
  CASE
    WHEN CAST(`t0`.`died` AS DOUBLE) = 1
    THEN 1
    WHEN CAST(`t0`.`died` AS DOUBLE) = 0
    THEN 0
    ELSE -1
  END AS `outcome`,
  CAST(IF(
    IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`) IS NOT NULL
    AND NOT ISNAN(IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`))
    AND (
      IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`) >= 0
    )
    AND (
      IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`) <= 1
    ),
    IF(
      IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`) >= CAST('0.5' AS DOUBLE),
      1,
      0
    ),
    -1
  ) AS INT) AS `decision`,
  -1 AS `action`,
  CAST(FLOOR(
    (
      IF(
        IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`) IS NOT NULL
        AND NOT ISNAN(IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`))
        AND (
          IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`) >= 0
        )
        AND (
          IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`) <= 1
        ),
        IF(ISNAN(`t0`.`risk`), CAST(NULL AS DOUBLE), `t0`.`risk`),
        0.0
      ) * 1000000.0
    ) + 0.5
  ) AS BIGINT) AS `millionths`
FROM `rounds_window` AS `t0`;

SELECT
  'column lactate' AS `tag`,
  CAST(`t2`.`place` AS STRING) AS `key`,
  0 AS `outcome`,
  0 AS `decision`,
  0 AS `cell`,
  0 AS `action`,
  `t2`.`n`,
  0 AS `score_sum`
FROM (
  SELECT
    `t1`.`place`,
    COUNT(*) AS `n`
  FROM (
    SELECT
      CASE
        WHEN `t0`.`b0`
        THEN -1
        WHEN `t0`.`v0` IS NULL OR ISNAN(`t0`.`v0`)
        THEN -2
        WHEN `t0`.`v0` < CAST('0.0' AS DOUBLE)
        THEN -3
        WHEN `t0`.`v0` > CAST('2.5' AS DOUBLE)
        THEN -4
        ELSE IF(`t0`.`v0` < CAST('1.0' AS DOUBLE), 0, 1)
      END AS `place`
    FROM `rounds_prepared` AS `t0`
  ) AS `t1`
  GROUP BY
    1
) AS `t2`;

SELECT
  'column ward' AS `tag`,
  `t2`.`place` AS `key`,
  0 AS `outcome`,
  0 AS `decision`,
  0 AS `cell`,
  0 AS `action`,
  `t2`.`n`,
  0 AS `score_sum`
FROM (
  SELECT
    `t1`.`place`,
    COUNT(*) AS `n`
  FROM (
    SELECT
      CASE
        WHEN `t0`.`t0` IS NULL
        THEN 'missing'
        WHEN `t0`.`t0` IN ('A', 'B\'1', 'rare')
        THEN CONCAT('=', `t0`.`t0`)
        ELSE 'unseen'
      END AS `place`
    FROM `rounds_prepared` AS `t0`
  ) AS `t1`
  GROUP BY
    1
) AS `t2`;

SELECT
  'cube age' AS `tag`,
  `t2`.`key`,
  CAST(`t2`.`outcome` AS BIGINT) AS `outcome`,
  CAST(`t2`.`decision` AS BIGINT) AS `decision`,
  CAST(`t2`.`cell` AS BIGINT) AS `cell`,
  CAST(`t2`.`action` AS BIGINT) AS `action`,
  `t2`.`n`,
  `t2`.`score_sum`
FROM (
  SELECT
    `t1`.`key`,
    `t1`.`outcome`,
    `t1`.`decision`,
    `t1`.`action`,
    `t1`.`cell`,
    COUNT(*) AS `n`,
    SUM(`t1`.`millionths`) AS `score_sum`
  FROM (
    SELECT
      `t0`.`g1` AS `key`,
      `t0`.`outcome`,
      `t0`.`decision`,
      `t0`.`action`,
      CASE
        WHEN `t0`.`b1`
        THEN -1
        WHEN `t0`.`v1` IS NULL OR ISNAN(`t0`.`v1`) OR (
          `t0`.`v1` < 0
        ) OR (
          `t0`.`v1` > 1
        )
        THEN -2
        ELSE IF(`t0`.`v1` < CAST('0.5' AS DOUBLE), 0, 1)
      END AS `cell`,
      `t0`.`millionths`
    FROM `rounds_prepared` AS `t0`
  ) AS `t1`
  GROUP BY
    1,
    2,
    3,
    4,
    5
) AS `t2`;
