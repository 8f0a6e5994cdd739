"""Section 12: what this audit cannot tell."""

from __future__ import annotations

from dashboards.report.facts import Facts
from dashboards.report.model import Points, Section, Text


def section(facts: Facts) -> Section:
    """The ten limits, those that hold here marked."""
    config, shown = facts.assessed.config, facts.assessed.shown
    unknown = any(
        f.value is not None and f.value > 0 for f in shown.findings if f.metric == "unknown_share"
    ) or any(group == "Unknown" for a in facts.attributes for group in facts.groups(a))
    acted = config.columns.action is None
    items = (
        ("Observed here, in this period, for this version. It says nothing about other hospitals or later versions.", True),
        ("A gap does not show its cause. That no gap was seen does not show that no harm was done.", True),
        ("Care given because of the score changes the outcome, so a useful tool looks worse than it is.", True),
        ("Outcomes may be found less often in some groups: fewer tests, less follow-up, care elsewhere.", True),
        ("Records of race, sex and the like are incomplete, late or wrong, and more so in some groups.", unknown or bool(facts.attributes)),
        ("Groups are broad; the people within them differ.", True),
        ("Only people who were scored are seen. Who is never scored is another question.", config.eligible is None),
        ("What depends on the threshold would differ at another; hence calibration and net benefit.", facts.threshold is not None),
        ("Race, ethnicity, sex and so on are used to check the tool, not as causes in the body.", True),
        (f"Many comparisons were made ({len(facts.judged)}); see appendix A.", len(facts.judged) > 1),
    )  # fmt: skip
    missed = (
        "Staff actions were not recorded, so it is not known how much of the outcome the score itself changed."
        if acted
        else "Staff actions were recorded; how much they changed the outcome was not estimated."
    )
    return Section(
        number="12", id="limits", title="What this audit cannot tell you",
        blocks=(Points(items=tuple(i for i, _ in items), ticked=tuple(t for _, t in items)), Text(paragraphs=(missed,))),
    )  # fmt: skip
