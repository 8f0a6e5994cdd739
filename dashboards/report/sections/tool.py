"""Section 2: the tool and its use, as declared and as seen."""

from __future__ import annotations

from dashboards.report.facts import Facts
from dashboards.report.model import Column, Section, Table, Text

NOT_SAID = "Not declared. Ask the tool's owner before deciding."


def section(facts: Facts) -> Section:
    """What it is for, who uses it, who can stop it."""
    config = facts.assessed.config
    said, columns = config.governance, config.columns
    role = {
        "informs": "It informs people, who decide.",
        "augments": "It prepares a decision that people confirm.",
        "replaces": "It decides without a person in between.",
    }.get(said.decision_role or "", NOT_SAID)
    at = facts.threshold
    rows = (
        ("Intended use", said.intended_use or NOT_SAID),
        ("Intended population", said.population or NOT_SAID),
        ("Role in the decision", role),
        (
            "Flagged from",
            "a decision recorded by the tool"
            if at is None
            else f"a predicted risk of {at * 100:g} % or more",
        ),
        ("Who chose that threshold", NOT_SAID),
        (
            "What a flag sets off",
            NOT_SAID if columns.action is None else f"recorded as “{columns.action}”; see section 8",
        ),
        ("Risk tier, state", f"{said.risk_tier or 'not declared'}; {said.lifecycle}"),
        ("Clinical owner", _owner(facts, said.owner.clinical)),
        ("Technical owner", _owner(facts, said.owner.technical)),
        ("Who can pause it", _owner(facts, said.owner.executive)),
    )
    use = (
        (
            "Scored outside the intended population",
            "not recorded",
            "Nobody counts who is scored without belonging.",
        ),
        ("Ought to have been scored and was not", *_missed(facts)),
    )
    return Section(
        number="2",
        id="tool",
        title="The tool and its use",
        blocks=(
            Table(
                id="tool", number="", title="What was declared",
                columns=(Column(title="What", width=1.0), Column(title="Declared", width=3.2)), rows=rows,
            ),
            Table(
                id="use", number="", title="Intended against observed use",
                columns=(Column(title="Use", width=1.6), Column(title="Share", width=0.8), Column(title="What it means", width=1.8)),
                rows=use,
            ),
            Text(paragraphs=("Declared by the owners in the model's file; Rounds has not checked it against practice.",)),
        ),
    )  # fmt: skip


def _owner(facts: Facts, name: str | None) -> str:
    if name is None:
        return NOT_SAID
    return "named in the restricted edition" if facts.shareable else name


def _missed(facts: Facts) -> tuple[str, str]:
    found = facts.find("coverage")
    if found is None or found.value is None:
        return "not recorded", "No source says who ought to be scored."
    return f"{(1 - found.value) * 100:.0f} %", "Of those eligible by the registered source."
