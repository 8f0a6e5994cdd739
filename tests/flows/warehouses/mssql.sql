SELECT
  IIF((1 = 0), CAST(NULL AS FLOAT), [t0].[lactate]) AS [v0],
  IIF((
    [t0].[lactate] IS NULL
  ) OR (1 = 0), 1, 0) AS [b0],
  IIF((1 = 0), CAST(NULL AS FLOAT), [t0].[risk]) AS [v1],
  IIF((
    [t0].[risk] IS NULL
  ) OR (1 = 0), 1, 0) AS [b1],
  IIF(
    (
      [t0].[ward] IS NULL
    )
    OR (
      TRIM(' 	
' FROM [t0].[ward]) = ''
    )
    OR (
      LOWER(TRIM(' 	
' FROM [t0].[ward])) = 'nan'
    ),
    CAST(NULL AS VARCHAR(max)),
    TRIM(' 	
' FROM [t0].[ward])
  ) AS [t0],
  'everyone' AS [g],
  COALESCE(
    IIF(
      (
        [t0].[sex] IS NULL
      )
      OR (
        TRIM(' 	
' FROM [t0].[sex]) = ''
      )
      OR (
        LOWER(TRIM(' 	
' FROM [t0].[sex])) = 'nan'
      ),
      CAST(NULL AS VARCHAR(max)),
      TRIM(' 	
' FROM [t0].[sex])
    ),
    'Unknown'
  ) AS [g0],
  IIF(
    CAST([t0].[age] AS FLOAT) IS NULL,
    'Unknown',
    IIF(
      CAST([t0].[age] AS FLOAT) < CAST('18.0' AS FLOAT),
      'under 18',
      IIF(CAST([t0].[age] AS FLOAT) < CAST('65.0' AS FLOAT), '18 to 64', '65 and over')
    )
  ) AS [g1],
  CASE
    WHEN CAST([t0].[died] AS FLOAT) = 1
    THEN 1
    WHEN CAST([t0].[died] AS FLOAT) = 0
    THEN 0
    ELSE -1
  END AS [outcome],
  CAST(IIF(
    (
      IIF((1 = 0), CAST(NULL AS FLOAT), [t0].[risk]) IS NOT NULL
    )
    AND (
      IIF((1 = 0), CAST(NULL AS FLOAT), [t0].[risk]) >= 0
    )
    AND (
      IIF((1 = 0), CAST(NULL AS FLOAT), [t0].[risk]) <= 1
    ),
    IIF(IIF((1 = 0), CAST(NULL AS FLOAT), [t0].[risk]) >= CAST('0.5' AS FLOAT), 1, 0),
    -1
  ) AS INTEGER) AS [decision],
  -1 AS [action],
  CAST(FLOOR(
    (
      IIF(
        (
          IIF((1 = 0), CAST(NULL AS FLOAT), [t0].[risk]) IS NOT NULL
        )
        AND (
          IIF((1 = 0), CAST(NULL AS FLOAT), [t0].[risk]) >= 0
        )
        AND (
          IIF((1 = 0), CAST(NULL AS FLOAT), [t0].[risk]) <= 1
        ),
        IIF((1 = 0), CAST(NULL AS FLOAT), [t0].[risk]),
        0.0
      ) * 1000000.0
    ) + 0.5
  ) AS BIGINT) AS [millionths]
FROM [rounds_window] AS [t0];

SELECT
  'column lactate' AS [tag],
  CAST([t2].[place] AS VARCHAR(max)) AS [key],
  0 AS [outcome],
  0 AS [decision],
  0 AS [cell],
  0 AS [action],
  [t2].[n],
  0 AS [score_sum]
FROM (
  SELECT
    [t1].[place],
    COUNT_BIG(*) AS [n]
  FROM (
    SELECT
      CASE
        WHEN [t0].[b0] <> 0
        THEN -1
        WHEN [t0].[v0] IS NULL
        THEN -2
        WHEN [t0].[v0] < CAST('0.0' AS FLOAT)
        THEN -3
        WHEN [t0].[v0] > CAST('2.5' AS FLOAT)
        THEN -4
        ELSE IIF([t0].[v0] < CAST('1.0' AS FLOAT), 0, 1)
      END AS [place]
    FROM [rounds_prepared] AS [t0]
  ) AS [t1]
  GROUP BY
    [t1].[place]
) AS [t2];

SELECT
  'column ward' AS [tag],
  [t2].[place] AS [key],
  0 AS [outcome],
  0 AS [decision],
  0 AS [cell],
  0 AS [action],
  [t2].[n],
  0 AS [score_sum]
FROM (
  SELECT
    [t1].[place],
    COUNT_BIG(*) AS [n]
  FROM (
    SELECT
      CASE
        WHEN [t0].[t0] IS NULL
        THEN 'missing'
        WHEN [t0].[t0] IN ('A', 'B''1', 'rare')
        THEN IIF('=' IS NULL OR [t0].[t0] IS NULL, NULL, '=' + [t0].[t0])
        ELSE 'unseen'
      END AS [place]
    FROM [rounds_prepared] AS [t0]
  ) AS [t1]
  GROUP BY
    [t1].[place]
) AS [t2];

SELECT
  'cube age' AS [tag],
  [t2].[key],
  CAST([t2].[outcome] AS BIGINT) AS [outcome],
  CAST([t2].[decision] AS BIGINT) AS [decision],
  CAST([t2].[cell] AS BIGINT) AS [cell],
  CAST([t2].[action] AS BIGINT) AS [action],
  [t2].[n],
  [t2].[score_sum]
FROM (
  SELECT
    [t1].[key],
    [t1].[outcome],
    [t1].[decision],
    [t1].[action],
    [t1].[cell],
    COUNT_BIG(*) AS [n],
    SUM([t1].[millionths]) AS [score_sum]
  FROM (
    SELECT
      [t0].[g1] AS [key],
      [t0].[outcome],
      [t0].[decision],
      [t0].[action],
      CASE
        WHEN [t0].[b1] <> 0
        THEN -1
        WHEN (
          [t0].[v1] IS NULL
        ) OR (
          [t0].[v1] < 0
        ) OR (
          [t0].[v1] > 1
        )
        THEN -2
        ELSE IIF([t0].[v1] < CAST('0.5' AS FLOAT), 0, 1)
      END AS [cell],
      [t0].[millionths]
    FROM [rounds_prepared] AS [t0]
  ) AS [t1]
  GROUP BY
    [t1].[key],
    [t1].[outcome],
    [t1].[decision],
    [t1].[action],
    [t1].[cell]
) AS [t2];
