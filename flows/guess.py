"""Guessing which column plays which part, by its name and by what it holds; each guess says why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from flows.look import NO, YES, Seen, quoted
from monitors.errors import SourceInvalid

FEW = 5  # different whole numbers that still read as a code rather than a quantity
MOST_CATEGORIES = 200
MOST_GROUPS = 50
LONGEST_WAIT = 3_650  # days; a larger number in a name is something else
LONG = 40  # mean length from which text is prose
THRESHOLD = "{score_at_least: 0.5}"
GROWN_UP, CHILDREN = (18, 45, 65, 80), (1, 5, 12)


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile(r"(?:^|_)(?:" + "|".join(patterns) + r")(?:_|$)")


# What names say, most telling first; what the column holds has to agree.
_TIME = (
    _words(r"(?:predict\w*|scor(?:ed|ing)|inference|pred)_(?:\w+_)?(?:at|time|date|ts|dttm?|timestamp)"),
    _words("timestamp", "datetime", "event_time", "index_(?:date|time)", r"admi\w*", "encounter_date"),
    _words("time", "date", "ts", "dttm", "at", r"created\w*", "day"),
)
_NO_TIME = _words("dob", r"birth\w*", r"death\w*", "died", r"disch\w*", r"outcome\w*", r"updated\w*", "due")
_ID = (
    _words(r"(?:prediction|score|inference|request|event|row|record)_?(?:id|no|key|uuid)"),
    _words("csn", r"(?:encounter|visit|admission|stay|hadm|case)(?:_?(?:id|no|key|number))?"),
    _words("id", "uuid", "guid", "key", "no", "number", "index", r"\w*[a-z]id", r"[a-z]no"),
)
_PATIENT = _words(
    r"(?:patient|subject|person|member|pat|pt)(?:_?(?:id|no|key|num|number|mrn))?", "mrn", "empi"
)
_SCORE = (
    _words(r"score\w*", r"risk\w*", r"prob\w*", "yhat", "y_hat", "likelihood", "propensity"),
    _words(r"pred\w*", "p", r"p_\w+"),
)
_SURVIVAL = _words(r"surv\w*")
_DECISION = (
    _words(r"decision\w*", r"flag\w*", r"alert\w*", r"recommend\w*", "triggered", "fired"),
    _words("predicted_(?:class|label)", "y_pred", "pred", "predicted", "prediction", "screen_positive"),
)
_OUTCOME = (
    _words(r"outcome\w*", "label", "y_true", "y", "target", "actual", "truth", "observed"),
    _words(r"(?:d|death|mort\w*|readm\w*)_?\d+\w*"),  # with a horizon, as an outcome should have
    _words(r"readm\w*", r"mort\w*", r"death\w*", "died", r"\w*dead", "deceased", "expired", r"event\w*"),
)
_ACTION = (_words("action", "acted", r"accept\w*", r"overrid\w*", r"acknowledg\w*", "intervention"),)
_VERSION = (_words("(?:model_)?version", "model_ver", "release"),)
_SENSITIVE = _words(
    "race", r"ethnic\w*", "sex", "gender", "language", "lang", "insurance", r"pay[eo]r\w*", "coverage",
    "income", "religion", r"disab\w*", "nationality", "deprivation", "imd",
)  # fmt: skip
_AGE = _words("age", r"age_(?:at|in)\w*", "age_years")
_SITE = (_words("site", "hospital", "facility", "campus", "clinic", "centre", "center"),)
_PERSON = _words(
    "name", r"\w*name", "address", "street", "phone", r"e?mail", "ssn", "dob", r"birth\w*",
    "zip", r"zip\w*code", r"post\w*code", "postal",
)  # fmt: skip
_IN_TIME = re.compile(
    r"(\d{1,4})_?(?:(?P<h>h|hrs?|hours?)|(?P<d>d|days?)|(?P<w>w|wks?|weeks?)|(?P<m>mo?|mos|mths?|months?)"
    r"|(?P<y>y|yrs?|years?))(?=_|$)"
)
_IN_DAYS = re.compile(r"(?:^|_)(?:d|dead|died|death|mort[a-z]*|readm[a-z]*)_?(\d{1,4})(?=_|$)")


def horizon(word: str) -> str | None:
    """After which time an outcome is known, by its name, as an ISO 8601 duration; None where it says none.

    >>> [horizon(word) for word in ("d60", "readmitted_30d", "mort_90", "death_6mo", "aki_48h", "y_true_1")]
    ['P60D', 'P30D', 'P90D', 'P6M', 'PT48H', None]
    """
    found, bare = _IN_TIME.search(word), _IN_DAYS.search(word)
    unit, many = (found.lastgroup, int(found[1])) if found else ("d", int(bare[1]) if bare else 0)
    days, written = {
        "h": (1, f"PT{many}H"),
        "d": (1, f"P{many}D"),
        "w": (7, f"P{many * 7}D"),
        "m": (30, f"P{many}M"),
        "y": (365, f"P{many * 12}M"),
    }[unit or "d"]
    return written if 0 < many * days <= LONGEST_WAIT else None


@dataclass
class Guesses:
    """What has been guessed: each with the reason a reader checks it by."""

    clock: str = ""
    derived_time: str = ""
    roles: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    derive: dict[str, tuple[str, str]] = field(default_factory=dict)
    features: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    sensitive: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    out: dict[str, str] = field(default_factory=dict)


def guess(columns: list[Seen], name: str, *, scored: bool = True) -> Guesses:
    """Guess every column's part; before there is a model nothing is `scored`.

    Raises SourceInvalid naming what no config can do without.
    """
    guesses = Guesses()
    left = {column.name: column for column in columns}
    for part in (_time, _identity, _score, _decision, _outcome, _rest):
        part(guesses, left)
    if not guesses.clock:
        raise SourceInvalid(
            f"{name}: no column holds a date or time, so no row can be put in a window; add a column "
            f"that says when each prediction was made, such as predicted_at. It has {_listed(columns)}"
        )
    if scored and guesses.roles["score"][0] is None and guesses.roles["decision"][0] is None:
        raise SourceInvalid(
            f"{name}: no score and no decision found; add a column of probabilities in [0, 1] named like "
            f"risk_score, or of 0 and 1 named like decision. It has {_listed(columns)}"
        )
    roles = ("time", "id", "patient", "score", "decision", "outcome", "action", "version", "site")
    guesses.roles = {role: guesses.roles[role] for role in roles}
    return guesses


def _listed(columns: list[Seen], most: int = 40) -> str:
    shown = ", ".join(repr(column.name) for column in columns[:most])
    return shown + (f" and {len(columns) - most} more" if len(columns) > most else "")


def _first(columns: Iterable[Seen], patterns: Iterable[re.Pattern[str]]) -> Seen | None:
    held = list(columns)
    return next((c for pattern in patterns for c in held if pattern.search(c.word)), None)


def _free(made: str, left: dict[str, Seen], guesses: Guesses) -> str:
    while made in left or made in guesses.derive:
        made += "_made"
    return made


def _time(guesses: Guesses, left: dict[str, Seen]) -> None:
    times = [c for c in left.values() if c.kind == "time" and c.present and not _NO_TIME.search(c.word)]
    if found := _first(times, _TIME) or (times[0] if times else None):
        why = "when the prediction was made, by its name" if _first([found], _TIME) else "a date or time"
        guesses.clock = found.name
    else:
        found, why = _numbered_time(guesses, left)
    if found is None:
        return
    left.pop(found.name)
    guesses.roles["time"] = (guesses.derived_time or found.name, why)


def _numbered_time(guesses: Guesses, left: dict[str, Seen]) -> tuple[Seen | None, str]:
    """A time written as a number: 20260105, or seconds since 1970."""
    whole = [c for c in left.values() if c.kind == "number" and c.whole and c.present]
    for column in whole:
        low, high, name = column.low or 0.0, column.high or 0.0, quoted(column.name)
        for expression, least, most in (
            (f"strptime(CAST({name} AS VARCHAR), '%Y%m%d')", 19_000_101, 21_001_231),
            (f"to_timestamp({name})", 1e9, 4e9),
            (f"epoch_ms({name})", 1e12, 4e12),
        ):
            if least <= low <= high <= most and _first([column], _TIME):
                made = _free("predicted_at", left, guesses)
                guesses.clock, guesses.derived_time = column.name, made
                guesses.derive[made] = (expression, "a time written as a number")
                return column, f"made from {column.name!r} above"
    return None, ""


def _identity(guesses: Guesses, left: dict[str, Seen]) -> None:
    """Patient and id: whom a prediction was about, and what makes it one."""
    able = [c for c in left.values() if c.kind in ("number", "text") and c.whole and c.distinct > 1]
    patient = _first(able, (_PATIENT,))
    unique = [c for c in able if c.unique and c is not patient]
    texts = [c for c in unique if c.kind == "text" and c.length <= LONG and c.rows >= 20]
    id = _first(unique, _ID) or (patient if patient and patient.unique else None)
    id = id or next((c for c in texts if not _PERSON.search(c.word)), None)
    nobody = "no name looks like a patient's; say it where one person may appear often"
    guesses.roles["patient"] = (patient.name, "who it was about, by its name") if patient else (None, nobody)
    none = "no column has a value of its own in every row; without one a retried request counts twice"
    guesses.roles["id"] = (id.name, "a value of its own in every row") if id else (None, none)
    for column in (patient, id):
        if column is not None:
            left.pop(column.name, None)


def _score(guesses: Guesses, left: dict[str, Seen]) -> None:
    shares = [c for c in left.values() if c.share]
    many = [c for c in shares if c.distinct > 10]
    percents = [
        c
        for c in left.values()
        if c.kind == "number" and not (c.whole or c.share) and 0 <= (c.low or 0) <= (c.high or 0) <= 100
    ]
    decides = _first([c for c in left.values() if c.binary or c.yes_no], _DECISION)
    by_name, survival = _first(shares, _SCORE), _first(shares, (_SURVIVAL,))
    percent = _first(percents, _SCORE[:1])
    if by_name is not None:
        found, why = by_name, "its name, and numbers in [0, 1]"
        guesses.roles["score"] = (found.name, why)
    elif survival is not None or percent is not None:
        found = survival or percent  # type: ignore[assignment]
        made = _free(f"risk_{found.word}" if survival else f"{found.word}_share", left, guesses)
        formula = f"1 - {quoted(found.name)}" if survival else f"{quoted(found.name)} / 100.0"
        why = "survival; the risk is one minus" if survival else "a percentage; scores are in [0, 1]"
        guesses.derive[made] = (formula, why)
        guesses.roles["score"] = (made, "made above")
    elif len(many) == 1 and decides is None:
        found = many[0]
        guesses.roles["score"] = (found.name, "the only column of fractions in [0, 1]")
    else:
        guesses.roles["score"] = (None, "no column of probabilities in [0, 1] found")
        return
    left.pop(found.name)
    for other in shares:
        if other is not found and (_first([other], _SCORE) or _SURVIVAL.search(other.word)):
            guesses.out[left.pop(other.name).name] = "looks like another score; the one above was guessed"


def _decision(guesses: Guesses, left: dict[str, Seen]) -> None:
    found = _first([c for c in left.values() if c.binary or c.yes_no], _DECISION)
    if found is not None:
        guesses.roles["decision"] = _zero_one(found, "0 and 1, and its name", guesses, left)
    elif guesses.roles["score"][0] is not None:
        guesses.roles["decision"] = (THRESHOLD, "CHECK: the score from which anyone acts")
    else:
        guesses.roles["decision"] = (None, "no column of 0 and 1 with such a name found")


def _outcome(guesses: Guesses, left: dict[str, Seen]) -> None:
    """Outcome, action and version: what came of it, what was done, and what made it."""
    binary = [c for c in left.values() if c.binary or c.yes_no]
    action = _first(binary, _ACTION)
    named = _first([c for c in binary if c is not action], _OUTCOME)
    open_ended = [c for c in binary if c is not action and c.present < c.rows]
    why = "0 and 1, and its name"
    if named is None and len(open_ended) == 1:
        named, why = open_ended[0], "0, 1 and not yet known"
    for role, found, said in (("outcome", named, why), ("action", action, "0 and 1, and its name")):
        none = (
            "0/1, absent or null while not yet known"
            if role == "outcome"
            else "what staff did, where recorded"
        )
        guesses.roles[role] = _zero_one(found, said, guesses, left) if found else (None, none)
    for column in [c for c in left.values() if (c.binary or c.yes_no) and _first([c], _OUTCOME)]:
        guesses.out[left.pop(column.name).name] = "looks like another outcome, not known when predicting"
    version = _first([c for c in left.values() if c.kind in ("text", "number")], _VERSION)
    why = "which version made it, where recorded"
    if version is not None:
        left.pop(version.name)
        why = f"{version.name!r} holds it; name it here once `version` above is what it says"
    guesses.roles["version"] = (None, why)


def _zero_one(found: Seen, why: str, guesses: Guesses, left: dict[str, Seen]) -> tuple[str, str]:
    """A column of 0 and 1 as it is; of yes and no, one made from it."""
    left.pop(found.name)
    if found.binary:
        return found.name, why
    made = _free(f"{found.word}_01", left, guesses)
    text = f"lower(trim({quoted(found.name)}))"
    yes, no = (" OR ".join(f"{text} = '{word}'" for word in words) for words in (YES, NO))
    guesses.derive[made] = (f"CASE WHEN {yes} THEN 1 WHEN {no} THEN 0 END", "yes and no as 1 and 0")
    return made, why.replace("0 and 1", "yes and no")


def _rest(guesses: Guesses, left: dict[str, Seen]) -> None:
    """Site, sensitive columns and features; whatever is none of these is left out and said."""
    sites = [c for c in left.values() if 1 < c.distinct <= MOST_GROUPS and c.kind in ("text", "number")]
    site = _first(sites, _SITE)
    guesses.roles["site"] = (site.name, "by its name") if site else (None, "which hospital, where several")
    if site is not None:
        left.pop(site.name)
    numeric: list[str] = []
    categorical: list[str] = []
    text: list[str] = []
    guesses.features = {
        "numeric": (numeric, f"numbers; whole ones with more than {FEW} different values"),
        "categorical": (categorical, "texts and codes; take out what is only known after the prediction"),
        "text": (text, "prose; watched by measures taken where it lies, never shown"),
    }
    for column in left.values():
        name = column.name
        if reason := _no_use(column):
            guesses.out[name] = reason
        elif _SENSITIVE.search(column.word):
            if column.distinct > MOST_GROUPS:
                many = f"{column.distinct:,} different values: more than {MOST_GROUPS} groups"
                guesses.out[name] = f"{many}; derive a coarser column"
            else:
                guesses.sensitive.append((name, ()))
        elif column.kind == "number" and not (column.whole and column.distinct <= FEW):
            numeric.append(name)
            if _AGE.search(column.word):
                guesses.sensitive.append((name, _bands(column)))
        elif column.kind == "number" or (column.distinct <= MOST_CATEGORIES and column.length <= LONG):
            categorical.append(name)
            if _AGE.search(column.word):
                guesses.sensitive.append((name, ()))
        elif column.length > LONG:
            text.append(name)
        else:
            guesses.out[name] = (
                f"{column.distinct:,} different values: too many for a category, too short for prose"
            )


def _no_use(column: Seen) -> str | None:
    """Why nothing can be made of a column, or None."""
    if not column.present:
        return "holds no value in any row"
    if column.kind == "time":
        return "a date; derive a duration from it, such as days since"
    if column.kind == "other":
        return "neither number nor text; derive a plain column from it"
    if _PERSON.search(column.word):
        return "names a person, or narrows one down"
    if column.unique and column.rows > 20 and column.whole and column.length <= LONG:
        return "a value of its own in every row, as an identifier has"
    if column.distinct == 1 and column.rows > 1:
        return "the same in every row"
    return None


def _bands(age: Seen) -> tuple[int, ...]:
    """Band starts that every part of the ages there can fall on both sides of."""
    high = age.high or 0.0
    usual = CHILDREN if high < GROWN_UP[0] else GROWN_UP
    kept = tuple(start for start in usual if (age.low or 0.0) < start <= high)
    return kept or usual[:1]
