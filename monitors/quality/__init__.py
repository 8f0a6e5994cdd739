"""Whether the data are all there and make sense: one file, one metric.

Enough: 30 rows.
Interval: Wilson's; of the change since the reference, Newcombe's.
"""
