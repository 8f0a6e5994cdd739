"""What a finding says, in plain language: counts of people where it can, never a verdict on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from monitors.audit import Finding, Verdict
from monitors.window import Window
from monitors.words.figures import NBSP, counted, interval, measured, number, percent, period, signed
from monitors.words.names import WHOLE, measure, raised, subject, title
from monitors.words.slowly import slowly

BOUNDS = "Whatever is not known"  # outcomes and groups: the interval is of what is
# metric: (who is counted, what became of them), of every 100 people.
_OF_EVERY: dict[str, tuple[str, str]] = {
    "true_positive_rate": ("{people} who had the outcome", "{were} flagged"),
    "false_negative_rate": ("{people} who had the outcome", "{were} missed"),
    "false_positive_rate": ("{people} without the outcome", "{were} flagged"),
    "true_negative_rate": ("{people} without the outcome", "{were} rightly left alone"),
    "positive_predictive_value": ("flagged {people}", "had the outcome"),
    "negative_predictive_value": ("{people} not flagged", "did not have the outcome"),
    "selection_rate": ("{people}", "{were} flagged"),
    "coverage": ("{people} who ought to be scored", "{were} scored"),
    "scored_share": ("{people} on record", "{were} scored"),
    "label_coverage": ("scored {people}", "had a known outcome"),
}
_SHARES: dict[str, str] = {
    "missing_share": "{subject} was missing for {now}",
    "unseen_share": "{subject} held a category the reference never had for {now}",
    "out_of_range_share": "{subject} lay outside the reference's range for {now}",
    "unusable_share": "{subject} was not a number for {now}",
    "invalid_score_share": "The score was impossible (outside 0 to 1) for {now}",
    "wrong_version_share": "Another version than the declared one scored {now}",
    "unknown_share": "{subject} was not recorded for {now}",
    "duplicate_share": "The same prediction came more than once for {now}",
}


def remembered(finding: Finding) -> bool:
    """Whether the baseline is what the reference had, not a fixed target such as 0 or 1."""
    return finding.baseline is not None and finding.reference_n is not None


def sentence(finding: Finding, who: str = "patients") -> str:
    """One sentence that someone on the ward understands.

    >>> urine = Finding(metric="missing_share", family="quality", subject="urine_output",
    ...     unit="share of rows", verdict=Verdict.BEYOND, value=0.49, baseline=1.0, reference_n=4301)
    >>> sentence(urine)
    'Urine output was missing for 49 of every 100 patients; in the reference, 100.'
    """
    if finding.slow is not None and finding.verdict is not Verdict.WITHHELD:
        return slowly(finding, who)
    if finding.verdict is Verdict.FAILED:
        return f"{title(finding)} could not be computed: {finding.reason or 'no reason was given'}."
    if finding.verdict is Verdict.WITHHELD:
        return f"{title(finding)} is withheld: too few people to show without pointing at them."
    if finding.value is None and finding.verdict is not Verdict.CANNOT_TELL:
        return f"{title(finding)}: {finding.reason or 'there is no value'}."
    if finding.value is None:
        return f"{title(finding)} cannot be told: {finding.reason or 'there is no value'}."
    if finding.group is not None:
        return _gap(finding, who)
    if finding.metric in _SHARES:
        now, then = every(finding.value, finding.baseline, who)
        told = _SHARES[finding.metric].format(subject=raised(subject(finding)), now=now)
        return f"{told}; in the reference, {then}." if then and remembered(finding) else f"{told}."
    if finding.metric in _OF_EVERY:
        return _of_every(finding, finding.value, who, "in the reference")
    told = _SAID.get(finding.metric, _plainly)(finding)
    return told.replace("{who}", who)  # not format: a column's name may hold braces


def _gap(finding: Finding, who: str) -> str:
    named = f"{who} of {finding.subject} {finding.group}{_counted_together(finding)}"
    if finding.drawn is not None:
        return _pooled(finding, named)
    other = "everyone else" if finding.against in (None, "rest") else f"{finding.subject} {finding.against}"
    if finding.level is not None and finding.metric in _OF_EVERY:
        return _of_every(finding, finding.level, named, f"of {other}")
    if finding.level is not None and finding.metric == "observed_expected_ratio":
        then = f"; for {other}, {finding.baseline * 100:.0f}" if finding.baseline is not None else ""
        return f"For every 100 outcomes expected among {named}, {finding.level * 100:.0f} happened{then}."
    if finding.level is not None:
        level, theirs = measured(finding.level, finding.unit), measured(finding.baseline, finding.unit)
        then = f"; for {other}, {theirs}" if finding.baseline is not None else ""
        return f"{measure(finding.metric)} was {level} for {named}{then}."
    gap = measured(finding.value, finding.unit, gap=True)
    return f"{measure(finding.metric)} differed by {gap} between {named} and {other}."


def _pooled(finding: Finding, named: str) -> str:
    pooled, own = (measured(value, finding.unit) for value in (finding.value, finding.level))
    drawn = f"drawn {percent(finding.drawn)} of the way from its own {own}"
    return f"{measure(finding.metric)} was {pooled} for {named}, {drawn} towards all groups'."


def _counted_together(finding: Finding) -> str:
    """Whom a pool holds, and since when a period is counted."""
    held = ", ".join(finding.holds or ()) if len(finding.holds or ()) > 1 else ""
    over = f"{period(Window.parse(finding.over))}" if finding.over else ""
    said = "; ".join(part for part in (held, over) if part)
    return f" ({said})" if said else ""


def _of_every(finding: Finding, value: float, named: str, then: str) -> str:
    counted_among, became = _OF_EVERY[finding.metric]
    base, now, before = _same_base(value, finding.baseline)
    among = counted_among.format(people=named)
    happened = became.format(were="was" if now == "1" else "were")
    rest = f"; {then}, {before}" if before is not None else ""
    return f"Of every {base} {among}, {now} {happened}{rest}."


def every(value: float, baseline: float | None, who: str) -> tuple[str, str | None]:
    """Both shares as so many of every 100 (or 1,000, or more, where they are small).

    >>> every(0.004, 0.001, "patients")
    ('4 of every 1,000 patients', '1')
    """
    base, now, then = _same_base(value, baseline)
    return f"{now} of every {base} {who}", then


def _same_base(value: float, baseline: float | None) -> tuple[str, str, str | None]:
    shares = [value] if baseline is None else [value, baseline]
    for base in (100, 1_000, 10_000):
        written = [f"{share * base:,.0f}" for share in shares]
        vanished = any(w == "0" and s > 0 for w, s in zip(written, shares, strict=True))
        alike = len(set(shares)) > len(set(written))
        if not (vanished or alike):
            break
    return f"{base:,}", written[0], written[1] if len(written) > 1 else None


def _rows(finding: Finding) -> str:
    now, then = number(finding.value), number(finding.baseline)
    return f"{now} {{who}} were scored a day; in the reference, {then}."


def _freshness(finding: Finding) -> str:
    return f"No score came in the last {percent(finding.value)} of the window."


def _shift(finding: Finding) -> str:
    moved = f"{number(finding.value)} standard deviations of the reference"
    return f"{raised(subject(finding))} shifted by {moved}."


def _mix(finding: Finding) -> str:
    moved = f"{(finding.value or 0) * 100:.0f}"
    now = f"{moved} of every 100 {{who}} would have to be counted elsewhere to match the reference"
    return f"The mix of {subject(finding)} changed: {now}."


def _groups(finding: Finding) -> str:
    moved = f"{(finding.value or 0) * 100:.0f}"
    return (
        f"The mix of {{who}} by {finding.subject} changed: {moved} of every 100 would have to be of "
        f"another group to match the reference."
    )


def _expected(finding: Finding) -> str:
    value = finding.value or 0.0
    told = "risk is understated" if value > 1 else "risk is overstated"
    return f"For every 100 outcomes expected, {value * 100:.0f} happened: {told}."


def _slope(finding: Finding) -> str:
    value = finding.value or 0.0
    told = "high risks are too high and low ones too low" if value < 1 else "risks are too close together"
    return f"Calibration slope {number(value)} where 1 is right: {told}."


def _intercept(finding: Finding) -> str:
    value = finding.value or 0.0
    told = "understate" if value > 0 else "overstate"
    return f"Scores {told} risk on the whole: calibration intercept {signed(value)} where 0 is right."


def _auroc(finding: Finding) -> str:
    value, before = finding.value or 0.0, finding.baseline
    if before is None:
        return f"The score ranks people with AUROC {number(value)}; 0.5 is chance."
    told = "less well than it did" if value < before else "as well as it did, or better"
    return f"The score ranks people {told}: AUROC {number(value)}; in the reference, {number(before)}."


def _together(finding: Finding) -> str:
    told = f"told from the reference's with AUROC {number(finding.value)}; 0.5 is not at all"
    carried = f" ({finding.reason})" if (finding.reason or "").startswith("carried by") else ""
    return f"Looked at together, rows of this window can be {told}{carried}."


def _plainly(finding: Finding) -> str:
    of = "" if finding.subject in WHOLE else f" of {subject(finding)}"
    then = f"; in the reference, {measured(finding.baseline, finding.unit)}" if remembered(finding) else ""
    return f"{measure(finding.metric)}{of} was {measured(finding.value, finding.unit)}{then}."


_SAID: dict[str, Callable[[Finding], str]] = {
    "rows": _rows,
    "freshness": _freshness,
    "wasserstein": _shift,
    "total_variation": _mix,
    "group_mix": _groups,
    "observed_expected_ratio": _expected,
    "calibration_slope": _slope,
    "calibration_intercept": _intercept,
    "auroc": _auroc,
    "domain_classifier": _together,
}


def facts(finding: Finding) -> list[tuple[str, str]]:
    """The figures behind a sentence: value, interval, margin, chance and counts, each labelled."""
    gap = finding.group is not None
    unit = finding.unit
    listed = [("Gap" if gap else "Value", measured(finding.value, unit, gap=gap))]
    if within := interval(finding.low, finding.high, unit, gap=gap):
        listed.append(("95 % interval", within))
    if open_to := bounds(finding):
        listed.append((BOUNDS, open_to))
    if finding.margin is not None:
        listed.append(("Margin", margin(finding)))
    if finding.chance is not None:
        listed.append(("Chance alone", measured(finding.chance, unit)))
    if finding.n is not None:
        listed.append(("n", f"{finding.n:,}"))
    if finding.within is not None:
        held = finding.within
        low, high = held["low"], held["high"]
        between = interval(low, high, unit, gap=True)
        stays = f"{measured(held['value'], unit, gap=True)} ({between})"
        listed.append((f"Among people of the same {held['stratum']}", stays))
    if worth := worth_of(finding):
        listed.append(("Patients repeat", worth))
    if finding.reference_n is not None:
        listed.append(("n compared with", f"{finding.reference_n:,}"))
    return listed


def bounds(finding: Finding) -> str:
    r"""Between what the value lies whatever is not known; nothing where all is.

    >>> ppv = Finding(metric="positive_predictive_value", family="performance", subject="model",
    ...     unit="share of rows", verdict=Verdict.CANNOT_TELL, value=0.4, bound_low=0.31, bound_high=0.52)
    >>> bounds(ppv)
    '31 to 52\xa0%'
    """
    return interval(finding.bound_low, finding.bound_high, finding.unit, gap=finding.group is not None)


def caution(findings: Iterable[Finding]) -> str | None:
    """What has to be read beside figures that rest on outcomes; None where nothing has."""
    return next((f.caution for f in findings if f.caution and f.value is not None), None)


def worth_of(finding: Finding) -> str | None:
    """How many rows the interval rests on, where patients repeat; None where none does.

    >>> worth_of(Finding(metric="auroc", family="performance", subject="model", unit="pure number",
    ...     verdict=Verdict.WITHIN, n=900, design_effect=6.14))
    'worth 147 rows (design effect 6.1)'
    """
    if finding.n is None or finding.design_effect is None:
        return None
    return f"worth {finding.n / finding.design_effect:,.0f} rows (design effect {finding.design_effect:.1f})"


def margin(finding: Finding) -> str:
    """The margin in the value's own terms, with ± where either side counts."""
    if finding.margin is None:
        return "–"
    if finding.metric == "rows":
        return f"±{NBSP}{percent(finding.margin)}"
    either = finding.group is not None or finding.baseline is not None
    shown = measured(finding.margin, finding.unit, gap=finding.unit.startswith("share") and either)
    return f"±{NBSP}{shown.lstrip('+')}" if either else shown


def needed(finding: Finding) -> str:
    """For `cannot_tell`: what would decide it, and what counting several windows together gave.

    >>> needs = {"n": 294, "more": 206, "windows": 4, "pooled_windows": 4, "pooled_n": 332, "tells": 0.094}
    >>> needed(Finding(metric="true_positive_rate", family="fairness", subject="race", group="a",
    ...     unit="share of rows", margin=0.1, verdict=Verdict.CANNOT_TELL, needs=needs))
    'about 294 rows would decide it, 206 more than now, 4 windows at this volume \
or 4 sites of this size together; pooling 4 windows gave 332: enough to tell a gap of 0.1'
    >>> short = {"n": 294, "pooled_windows": 4}  # what they gave is withheld
    >>> needed(Finding(metric="true_positive_rate", family="fairness", subject="race", group="a",
    ...     unit="share of rows", margin=0.1, verdict=Verdict.CANNOT_TELL, needs=short))
    'about 294 rows would decide it; pooling 4 windows is not enough either'
    """
    needs = finding.needs or {}
    parts = []
    if n := needs.get("n"):
        parts.append(f"about {counted(int(n), 'row')} would decide it")
    if more := needs.get("more"):
        parts.append(f"{int(more):,} more than now")
    if windows := needs.get("windows"):
        sites = f" or {int(windows)} sites of this size together" if windows > 1 else ""
        parts.append(f"{counted(int(windows), 'window')} at this volume{sites}")
    if (pooled := needs.get("pooled_windows")) and finding.margin is not None:
        given = f"pooling {counted(int(pooled), 'window')} {_reach(needs, finding.margin)}"
        return "; ".join([", ".join(parts), given] if parts else [given])
    return ", ".join(parts)


def _reach(needs: Mapping[str, float], within: float) -> str:
    """What counting windows together gave; where that is withheld, only that it was not enough."""
    if "tells" not in needs:
        return "is not enough either"
    enough = needs["tells"] <= within
    reach = "enough to tell a gap of" if enough else "still too few, they tell a gap of"
    return f"gave {int(needs['pooled_n']):,}: {reach} {within if enough else needs['tells']:.2g}"


def sure(finding: Finding) -> str:
    r"""How far a gap can be relied on, in one sentence.

    >>> told = sure(Finding(metric="auroc", family="fairness", subject="sex", group="f", against="rest",
    ...     unit="ratio", verdict=Verdict.BEYOND, value=-0.2, low=-0.3, high=-0.12, margin=0.1))
    >>> told.partition(" The gap is likely between ")[2]
    '−0.300 and −0.120, all of it past the margin of ±\xa00.100.'
    """
    between = interval(finding.low, finding.high, finding.unit, gap=True).replace(" to ", " and ")
    likely = f"The gap is likely between {between}" if between else "No interval could be had"
    agreed = (
        f"the margin of {margin(finding)}"
        if finding.margin is not None
        else "any margin, for none was agreed"
    )
    match finding.verdict:
        case Verdict.BEYOND:
            return f"sure enough to act. {likely}, all of it past {agreed}."
        case Verdict.DIFFERENT:
            return f"there is a gap, of unclear size. {likely}: more than none, not surely past {agreed}."
        case Verdict.WITHIN:
            return f"{likely}, inside {agreed}."
    settled = needed(finding)
    tail = f" {raised(settled)}." if settled else ""
    return f"not sure. {likely}, which reaches both sides of {agreed}, so it may be chance.{tail}"


def read(findings: Sequence[Finding], of: str = "group") -> str:
    """What a forest plot shows of its groups, or a drift map of its columns, in one sentence."""
    counts = {verdict: sum(f.verdict is verdict for f in findings) for verdict in Verdict}
    told = [
        f"{counts[verdict]} {word}"
        for verdict, word in (
            (Verdict.BEYOND, "beyond the margin"),
            (Verdict.DIFFERENT, "different by an unclear size"),
            (Verdict.WITHIN, "within it"),
            (Verdict.CANNOT_TELL, "that cannot be told"),
            (Verdict.WITHHELD, "withheld for having too few people"),
            (Verdict.FAILED, "that failed"),
        )
        if counts[verdict]
    ]
    return f"Of {counted(len(findings), of)}: {', '.join(told)}."


def over_time(finding: Finding) -> str:
    """What a timeline shows now, against its margin and against chance, in one sentence."""
    if finding.value is None:
        return f"{VERDICT_WORDS[finding.verdict]} in this window."
    value = measured(finding.value, finding.unit, gap=finding.group is not None)
    past = []
    if finding.margin is not None:
        far = _AGAINST_MARGIN.get(finding.verdict, "not surely past")
        past.append(f"{far} the margin of {margin(finding)}")
    if finding.chance is not None:
        more = "more" if abs(finding.value) > finding.chance else "no more"
        past.append(f"{more} than chance alone reaches ({measured(finding.chance, finding.unit)})")
    return f"Now {value}{', ' if past else ''}{' and '.join(past)}."


_AGAINST_MARGIN = {
    Verdict.BEYOND: "past",
    Verdict.WITHIN: "within",
    Verdict.CANNOT_TELL: "neither surely within nor surely past",
}
VERDICT_WORDS = {
    Verdict.WITHHELD: "Withheld",
    Verdict.CANNOT_TELL: "It cannot be told",
    Verdict.FAILED: "It failed",
    Verdict.BEYOND: "Beyond",
    Verdict.DIFFERENT: "Different",
    Verdict.WITHIN: "Within",
}
