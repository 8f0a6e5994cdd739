"""How far counts moved from the reference: one file, one distance.

Enough: any number of rows can be judged, since chance at that number is allowed for; under 100 only large
    moves are found. `rounds calibrate` prints what each check would find here.
Interval: none of its own. What chance gives at this many rows, and what the reference's own windows
    differ by, stands beside it; beyond means further than both that and the margin.
"""
