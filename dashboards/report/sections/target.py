"""Section 11: is the target itself biased? What is predicted, and what is wanted."""

from __future__ import annotations

from dashboards.report.facts import VERDICTS, Facts, gap, within
from dashboards.report.model import Block, Column, Points, Section, Table, Text
from monitors.told import JOIN

NEED = ("same_score_need_gap", "top_need_gap", "ascertainment_ratio")
ASKED = {
    "same_score_need_gap": "Need at the same score",
    "top_need_gap": "Need among those scored highest",
    "ascertainment_ratio": "How often the outcome was looked for",
}


def section(facts: Facts) -> Section:
    """The review, with what is known and what is not."""
    columns = facts.assessed.config.columns
    found = [
        f
        for f in facts.assessed.shown.findings
        if f.metric in NEED and f.group is not None and JOIN not in f.subject
    ]
    said = (
        f"The score is set against “{columns.outcome}”, as recorded. Whether that is what the committee means by need is "
        "a judgement this report cannot make: a score can be right about the label and wrong about need."
    )
    blocks: list[Block] = [Text(paragraphs=(said,))]
    if found:
        rows = tuple(
            (
                ASKED[f.metric],
                f"{f.subject} {f.group}",
                gap(f, f.value),
                within(f, f.low, f.high),
                VERDICTS[f.verdict],
            )
            for f in found
        )
        blocks.append(
            Table(
                id="need", number="", title="Need and ascertainment by group",
                columns=(
                    Column(title="Asked", width=1.5), Column(title="Group", width=1.4), Column(title="Gap", kind="number"),
                    Column(title="95 % interval", kind="number", width=1.2), Column(title="Verdict", kind="verdict", width=1.4),
                ),
                rows=rows,
            )
        )  # fmt: skip
    else:
        blocks.append(
            Text(
                paragraphs=(
                    (
                        "We did not check whether people of some groups are sicker at the same score, because no independent "
                        "measure of need is recorded. We do not know whether there is a problem."
                    ),
                )
            )
        )
    inputs = [*columns.numeric, *columns.categorical]
    listed = ", ".join(inputs[:30]) if inputs else "none declared"
    blocks.append(
        Points(
            items=(
                f"Inputs watched: {listed}. Whether any measures or stands in for race, sex, age, disability or language: unknown, nobody declared it.",
                "Race-adjusted equations or corrections among the inputs: unknown, nobody declared it.",
                "Who set the threshold, and on which population: not declared.",
                "How the outcome comes to be recorded, and whether equally for all groups: not declared.",
            )
        )
    )
    return Section(number="11", id="target", title="Is the target itself biased?", blocks=tuple(blocks))
