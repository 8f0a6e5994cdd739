"""Assessing: the windows of a period in the ledger, added up, judged as one, and withheld for readers.

This is what a bias audit is drawn from: counts that are in the ledger already, and no row.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitors import derived
from monitors.assessed import Assessed, Edition, Place
from monitors.audit import Audit, Finding, Stage, Verdict
from monitors.checks import Check, checks
from monitors.config import ModelConfig
from monitors.cube import Cube
from monitors.errors import LedgerError
from monitors.evaluate import Setting, evaluate
from monitors.interval import LEVEL
from monitors.ledger import Entry, Ledger
from monitors.metric import Estimate
from monitors.plan import Rule
from monitors.pools import Pools
from monitors.profile import EVERYONE, Profile
from monitors.reference import Reference
from monitors.release import REPORTED, RULES, register, releases
from monitors.repeats import measured
from monitors.rollup import standing_for
from monitors.suppression import published
from monitors.told import FLOOR, Release, small, telling
from monitors.version import SOFTWARE
from monitors.window import Window

# None of it hangs on draws whose stream another numpy may change: one ledger gives the same bytes under both.
ASKED_OF = frozenset({"performance", "fairness", "oversight", "unknown_share"})
# What a committee asks of groups beyond what is watched from day to day: shown, and judged by nobody.
ASKED: tuple[Rule, ...] = (
    *(
        Rule(measure=measure, by="sensitive", severity="info")
        for measure in (
            "false_negative_rate",
            "negative_predictive_value",
            "calibration_slope",
            "scaled_brier",
            "net_benefit",
            "missed_per_1000",
        )
    ),
    *(
        Rule(measure=measure, severity="info")
        for measure in ("false_positive_rate", "scaled_brier", "net_benefit", "missed_per_1000")
    ),
)
# Between them these tell every count of people that the others rest on.
COUNTING = frozenset(
    {
        "selection_rate",
        "true_positive_rate",
        "false_positive_rate",
        "positive_predictive_value",
        "negative_predictive_value",
        "observed_expected_ratio",
        "scored_share",
        "label_coverage",
    }
)
SHARES = ("scored_share", "label_coverage")  # of whom a handful without either would be told


def assess(
    ledger: Ledger,
    config: ModelConfig,
    start: datetime | None = None,
    end: datetime | None = None,
    edition: Edition = "shareable",
) -> Assessed:
    """The bias audit of the windows wholly inside [start, end); of the last one where neither is said.

    Raises LedgerError where the ledger holds none, or they leave a gap, or were counted differently.
    """
    heads = _inside(ledger, config, start, end)
    audits = [_body(ledger, head) for head in heads]
    parts = list(_profiles(ledger, audits))
    whole = _added(config, parts)
    found = ledger.find("reference", audits[-1].reference)
    if found is None:
        raise LedgerError(f"{config.model}: the reference of {heads[-1].window} is not in the ledger")
    reference = Reference.read(found.body)
    stage: Stage = "outcome" if all(a.stage == "outcome" for a in audits) else "scored"
    plan = config.model_copy(update={"plan": (*config.plan, *ASKED)})
    pools: dict[str, dict[str, tuple[str, ...]]] = {}
    members: list[Finding] = []
    aside = False
    if edition == "shareable":
        plan = plan.model_copy(update={"pooling": None})
        aside = small(whole.rows - _complete(whole.cubes[EVERYONE]).rows) and stage == "outcome"
        if aside:
            whole, *parts = (_set_aside(p) for p in (whole, *parts))
        if config.pooling is not None:
            pools = _members(config, whole)
            alone = evaluate(plan, whole, reference, stage, Setting(only=COUNTING))
            members = [f for f in alone if _pooled_with_others(f, pools)]
            whole, *parts = (_pooled(config, p) for p in (whole, *parts))
            blocks = tuple(_pooled(config, block) for block in reference.blocks)
            reference = Reference(_pooled(config, reference.profile), blocks)
    findings = evaluate(plan, whole, reference, stage, Setting(only=ASKED_OF))
    findings = tuple(_asked(f, pools) for f in findings if not (aside and f.metric in SHARES))
    audit = replace(
        audits[-1],
        window=whole.window,
        stage=stage,
        rows=whole.rows,
        profile=whole.digest,
        software=SOFTWARE,
        source=None,
        findings=findings,
    )
    earlier = register(ledger, audit) if edition == "shareable" else []
    shown = _released(ledger, audit, earlier, members) if edition == "shareable" else masked(audit)
    told = shown if shown.rows is not None or edition == "restricted" else replace(shown, rows=None)
    many = tuple(parts) if len(parts) > 1 else ()
    return Assessed(
        config=config,
        edition=edition,
        audit=audit,
        shown=told,
        profile=whole,
        reference=reference,
        parts=many,
        values=dict(_values(plan, whole, told)),
        before=dict(_before(plan, reference.profile, told)),
        history=tuple(
            r.audit for r in releases(ledger, config.model) if r.audit.window.end <= whole.window.end
        ),
        pools=pools,
        entry=ledger.get(heads[-1].kind, heads[-1].key) or heads[-1],
        aside=aside,
        again=edition == "shareable" and any(_again(ledger, audit) for audit in audits),
        earlier=tuple(str(r.shown.window) for r in earlier),
    )


def masked(audit: Audit) -> Audit:
    """For readers with a role: what shows 1 to 10 people is left out, and nothing else is.

    Hidden figures can be worked out from the others: this may not be handed on.
    """
    why = "fewer than 11 people"
    return audit.with_findings(
        tuple(derived.without(f, why, verdict=Verdict.WITHHELD) if telling(f) else f for f in audit.findings)
    )


def _inside(ledger: Ledger, config: ModelConfig, start: datetime | None, end: datetime | None) -> list[Entry]:
    heads = [h for h in ledger.heads(config.model) if h.version == config.version and h.window]
    windows = {h.seq: Window.parse(str(h.window)) for h in heads}
    if start is None and end is None:
        kept = heads[-1:]
    else:
        kept = [
            h for h in heads
            if (start is None or start <= windows[h.seq].start) and (end is None or windows[h.seq].end <= end)
        ]  # fmt: skip
    if not kept:
        version = f"{config.model} version {config.version}"
        raise LedgerError(f"the ledger holds no audit of {version} there; run `rounds backfill` first")
    ordered = sorted(kept, key=lambda h: windows[h.seq])
    for one, other in itertools.pairwise(ordered):
        if windows[one.seq].end != windows[other.seq].start:
            between = f"{windows[one.seq].end:%Y-%m-%d} and {windows[other.seq].start:%Y-%m-%d}"
            raise LedgerError(f"{config.model}: no audit between {between}; a period has no gap in it")
    return ordered


def _body(ledger: Ledger, head: Entry) -> Audit:
    entry = ledger.get(head.kind, head.key)
    if entry is None:
        raise LedgerError(f"{head.kind} {head.key!r} is not in the ledger")
    return Audit.read(entry.body)


def _profiles(ledger: Ledger, audits: Sequence[Audit]) -> Iterator[Profile]:
    """The counts of windows in their order; a sum where it stands for several that were let go."""
    place = 0
    while place < len(audits):
        audit = audits[place]
        entry = ledger.get("profile", audit.profile)
        if entry is None:
            raise LedgerError(f"{audit.model}: the counts of {audit.window} are not in the ledger")
        summed = standing_for(ledger, audit) if entry.gone else None
        if summed is None or summed.profile is None:
            yield Profile.read(entry.body)
            place += 1
            continue
        many = len(summed.parts)
        if tuple(a.profile for a in audits[place : place + many]) != summed.parts:
            raise LedgerError(
                f"{audit.model}: the windows of {summed.window} are kept as one sum; choose a period that "
                f"holds all of it"
            )
        yield summed.profile
        place += many


def _again(ledger: Ledger, audit: Audit) -> bool:
    """Whether the window was counted with outcomes another time."""
    held = ledger.entries("profile", model=audit.model, window=str(audit.window))
    others = [e for e in held if e.key != audit.profile and e.version == audit.version]
    if any(entry.gone for entry in others):  # what its counts told cannot be looked up any more
        audited = ledger.entries("audit", model=audit.model, window=str(audit.window), bodies=False)
        return sum(e.stage == "outcome" and e.version == audit.version for e in audited) > 1
    told = (Profile.read(entry.body) for entry in others)
    return any((p.cubes[EVERYONE].outcome >= 0).any() for p in told if EVERYONE in p.cubes)


def _added(config: ModelConfig, parts: Sequence[Profile]) -> Profile:
    whole = parts[0]
    for part in parts[1:]:
        try:
            whole = whole + part
        except ValueError as error:
            raise LedgerError(f"{config.model}: {part.window}: {error}; choose a period without it") from None
    return whole


def _members(config: ModelConfig, whole: Profile) -> dict[str, dict[str, tuple[str, ...]]]:
    pools = Pools.approved(config.pooling, whole, None)
    found = {a: pools.members(a, cube.groups) for a, cube in whole.cubes.items() if a} if pools else {}
    return {attribute: held for attribute, held in found.items() if held}


def _pooled(config: ModelConfig, profile: Profile) -> Profile:
    pools = Pools.approved(config.pooling, profile, None)
    return pools.pooled if pools else profile


def _complete(cube: Cube) -> Cube:
    held = [row for row in cube.weighted_rows() if min(row[1], row[2], row[3]) >= 0]
    return Cube.of(cube.attribute, held, cube.repeats or None, asides=cube.asides)


def _set_aside(profile: Profile) -> Profile:
    """Only those with a score, a decision and a known outcome."""
    cubes = {attribute: _complete(cube) for attribute, cube in profile.cubes.items()}
    return replace(profile, cubes=cubes, rows=cubes[EVERYONE].rows)


def _asked(finding: Finding, pools: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Finding:
    members = pools.get(finding.subject, {}).get(finding.group or "")
    return replace(finding, holds=members) if members else finding


def _pooled_with_others(finding: Finding, pools: Mapping[str, Mapping[str, tuple[str, ...]]]) -> bool:
    held = pools.get(finding.subject, {}).values()
    return finding.group is not None and any(finding.group in members for members in held)


def _released(ledger: Ledger, audit: Audit, earlier: Sequence[Release], members: Sequence[Finding]) -> Audit:
    """What is told of it, as it was told before where it was, and entered in the register.

    `members` are findings of what is pooled here: never told, and known so that nothing tells them.
    """
    key = f"{audit.digest}|{RULES}"
    if found := ledger.get(REPORTED, key):
        return Audit.read(found.body["shown"])
    recorded = audit.with_findings((*audit.findings, *members))
    back = frozenset(range(len(audit.findings), len(recorded.findings)))
    told = published(recorded, earlier, back)
    alone = {f.key for f in members}
    shown = told.with_findings(tuple(f for f in told.findings if f.key not in alone))
    body = {"shown": shown.payload(), "recorded": recorded.payload()}
    ledger.append(REPORTED, key, body, model=audit.model, version=audit.version, window=str(audit.window))
    return shown


def _values(config: ModelConfig, profile: Profile, shown: Audit) -> Iterator[tuple[Place, Estimate]]:
    """What everyone and each group has itself, of what is shown whole."""
    told = {f.key for f in shown.findings if f.verdict is not Verdict.WITHHELD and None not in (f.n, f.value)}
    for check, group, key in _of_people(config, profile):
        if key in told:
            yield key, _taken(check, profile, group)


def _before(config: ModelConfig, profile: Profile, shown: Audit) -> Iterator[tuple[Place, Estimate]]:
    """What they had in the reference, where nobody there stands for 1 to 10."""
    told = {f.key for f in shown.findings if f.verdict is not Verdict.WITHHELD}
    safe = {attribute for attribute, cube in profile.cubes.items() if _many(cube)}
    for check, group, key in _of_people(config, profile):
        if (check.attribute or EVERYONE) in safe and key in told:
            yield key, _taken(check, profile, group)


def _many(cube: Cube) -> bool:
    tallies = [cube.tally(g) for g in cube.groups]
    cells = (n for t in tallies for n in (t.tp, t.fp, t.fn, t.tn, t.n - t.tp - t.fp - t.fn - t.tn))
    return all(n == 0 or n >= FLOOR for n in cells)


def _of_people(config: ModelConfig, profile: Profile) -> Iterator[tuple[Check, str | None, Place]]:
    for check in checks(config):
        if check.metric.reads != "tally" or check.metric.family == "quality" or check.unable:
            continue
        if check.attribute is None:
            yield check, None, (check.metric.name, check.subject, None)
        elif check.attribute in profile.cubes:
            for group in profile.cubes[check.attribute].groups:
                yield check, group, (check.metric.name, check.subject, group)


def _taken(check: Check, profile: Profile, group: str | None) -> Estimate:
    cube = profile.people(check.attribute or EVERYONE, check.metric)
    tally = cube.tally(group) if group is not None else cube.tally()
    found: Estimate = measured(check.metric, check.compute, tally, LEVEL)
    return found
