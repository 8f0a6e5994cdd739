"""Quantities hospitals send in several units, told by a column's name: what can be and what is usual."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Unit:
    """A value outside [low, high] cannot be; a median of many patients lies in [usual_low, usual_high]."""

    name: str
    low: float
    high: float
    usual_low: float
    usual_high: float


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is measured, the names its columns have, and its units."""

    name: str
    words: str
    units: tuple[Unit, ...]

    @property
    def apart(self) -> bool:
        """Whether a single value tells its unit."""
        ends = sorted((unit.low, unit.high) for unit in self.units)
        return len(ends) > 1 and all(a[1] < b[0] for a, b in pairwise(ends))


# Wide on purpose: they tell units apart and name what no patient has, not what is abnormal.
QUANTITIES = (
    Quantity("temperature", "temp|temperature|body_temp",
             (Unit("°C", 20, 46, 35.5, 39), Unit("°F", 70, 115, 96, 102))),
    Quantity("creatinine", "crea|creat|creatinine",
             (Unit("mg/dL", 0.05, 40, 0.4, 5), Unit("µmol/L", 4, 3500, 35, 450))),
    Quantity("glucose", "glu|gluc|glucose|blood_sugar",
             (Unit("mg/dL", 5, 2500, 60, 300), Unit("mmol/L", 0.3, 140, 3.3, 17))),
    Quantity("haemoglobin", "hb|hgb|haemoglobin|hemoglobin",
             (Unit("g/dL", 1, 30, 6, 18), Unit("g/L", 10, 300, 60, 180))),
    Quantity("bilirubin", "bili|bilirubin|tbil",
             (Unit("mg/dL", 0.01, 80, 0.2, 4), Unit("µmol/L", 0.2, 1400, 5, 70))),
    Quantity("albumin", "alb|albumin",
             (Unit("g/dL", 0.3, 8, 1.5, 5.5), Unit("g/L", 3, 80, 15, 55))),
    Quantity("lactate", "lactate|lactic|lac",
             (Unit("mmol/L", 0.05, 50, 0.4, 4), Unit("mg/dL", 0.5, 450, 4.5, 36))),
    Quantity("calcium", "ca|calcium",
             (Unit("mg/dL", 2, 25, 7, 11.5), Unit("mmol/L", 0.5, 6.3, 1.7, 2.9))),
    Quantity("weight", "weight|wt|body_weight",
             (Unit("kg", 0.2, 600, 45, 115), Unit("lb", 0.5, 1300, 118, 260))),
    Quantity("height", "height|ht|body_height",
             (Unit("cm", 15, 260, 145, 185), Unit("in", 6, 103, 57, 73), Unit("m", 0.15, 2.6, 1.45, 1.85))),
    Quantity("oxygen saturation", "spo2|sao2|o2sat|oxygen_saturation",

             (Unit("%", 10, 100, 85, 100), Unit("share", 0.1, 1, 0.85, 1))),
    Quantity("age", "age|age_years", (Unit("years", 0, 122, 0, 122),)),
    Quantity("heart rate", "hr|hrt|heart_rate|pulse", (Unit("/min", 0, 400, 50, 180),)),
    Quantity("respiratory rate", "rr|resp|resp_rate|respiratory_rate", (Unit("/min", 0, 150, 8, 60),)),
    Quantity("systolic pressure", "sbp|systolic|sys_bp", (Unit("mmHg", 0, 370, 70, 180),)),
    Quantity("diastolic pressure", "dbp|diastolic|dia_bp", (Unit("mmHg", 0, 300, 35, 120),)),
    Quantity("mean pressure", "map|meanbp|mean_bp", (Unit("mmHg", 0, 320, 50, 140),)),
    Quantity("sodium", "na|sod|sodium", (Unit("mmol/L", 80, 210, 125, 150),)),
    Quantity("potassium", "k|pot|potassium", (Unit("mmol/L", 0.8, 15, 3, 6),)),
)  # fmt: skip
# Between units of what no name tells: pounds, inches, tens, hundreds, thousands, hours and minutes.
FACTORS = (2.2046, 2.54, 10.0, 24.0, 60.0, 88.42, 100.0, 1000.0)


def quantity_of(column: str) -> Quantity | None:
    """The quantity a column's name tells of.

    >>> quantity_of("Lab Creatinine").name, quantity_of("score")
    ('creatinine', None)
    """
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column)
    word = re.sub(r"[\W_]+", "_", word).strip("_").lower()
    return next((q for q in QUANTITIES if re.search(rf"(?:^|_)(?:{q.words})(?:_|$)", word)), None)
