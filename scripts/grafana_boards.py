"""What Grafana's dashboards show and ask: the fleet, one model, gaps between groups, Rounds' own health."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PICKED = '{model=~"$model"}'
Kind = Literal["stat", "lines", "states", "table"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One panel: what it shows, in words, and what it asks Prometheus.

    `bad` is from where a number is shown in red, `least` below where; None where none is bad by itself.
    `legend` names each line, or in a table the column of each expression.
    """

    kind: Kind
    title: str
    told: str
    expressions: tuple[str, ...]
    legend: tuple[str, ...] = ("",)
    unit: str = "short"
    bad: float | None = None
    least: float | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard."""

    title: str
    told: str
    panels: tuple[Asked, ...]
    one: bool = False  # for one model at a time


def _beyond(family: str = "", more: str = "") -> str:
    also = f', family="{family}"' if family else ""
    return f'rounds_finding_beyond_windows{{model=~"$model"{also}{more}}}'


STANDING = (
    f"{_beyond()} > 0",
    f"rounds_finding_value{PICKED} and on (check) {_beyond()} > 0",
    f"rounds_finding_margin{PICKED} and on (check) {_beyond()} > 0",
)
OF_GROUPS = '{model=~"$model", family="fairness"}'
GAPS = f"rounds_finding_value{OF_GROUPS}"
COLUMNS = ("Windows in a row", "Value", "Margin")
ENDS, SOON = "min(rounds_certificate_expires_timestamp_seconds) - time()", 14 * 86_400
OVERDUE = f"time() - rounds_window_due_timestamp_seconds{PICKED} > 0"

FLEET = Board(
    "Rounds: fleet",
    "All deployed models at a glance. The pages of Rounds say more: intervals, counts and what to do.",
    (
        Asked(
            "stat",
            "Models watched",
            "Every model that is declared or was audited.",
            ("count(rounds_model_info)",),
        ),
        Asked(
            "stat",
            "Models with a finding that stands",
            "Beyond its margin in the last window that could tell.",
            ("count(max by (model) (rounds_finding_beyond_windows) > 0) or vector(0)",),
            bad=1,
        ),
        Asked(
            "stat",
            "Audits that are overdue",
            "Their window is over. Silence is never health.",
            ("count(time() - rounds_window_due_timestamp_seconds > 0) or vector(0)",),
            bad=1,
        ),
        Asked(
            "stat",
            "Checks that failed",
            "Nothing is known of what they watch.",
            ('sum(rounds_findings{verdict="failed"}) or vector(0)',),
            bad=1,
        ),
        Asked(
            "table",
            "What stands, and for how long",
            "Worst first. The model's own page says what to do.",
            STANDING,
            COLUMNS,
        ),
        Asked(
            "lines",
            "Findings by verdict",
            "Of all models: beyond their margin, failed, or undecided.",
            (f"sum by (verdict) (rounds_findings{PICKED})",),
            ("{{verdict}}",),
        ),
        Asked(
            "lines",
            "How long audits are overdue",
            "Seconds past the moment each ought to have been there.",
            (f"max by (model) (time() - rounds_window_due_timestamp_seconds{PICKED})",),
            ("{{model}}",),
            unit="s",
            bad=0,
        ),
        Asked(
            "table",
            "Which version runs where",
            "What each model's last audit was, and what changed before it.",
            (f"rounds_model_info{PICKED}",),
            ("Watched",),
        ),
    ),
)

MODEL = Board(
    "Rounds: one model",
    "One model over time: what stands, its values beside their margins, and its volume.",
    (
        Asked(
            "stat",
            "Rows in the last window",
            "Nothing where they are too few to show.",
            (f"rounds_rows{PICKED}",),
        ),
        Asked(
            "stat",
            "Findings beyond their margin",
            "In the last window, those only shown left out.",
            ('sum(rounds_findings{model=~"$model", verdict="beyond"})',),
            bad=1,
        ),
        Asked(
            "stat",
            "Findings that cannot tell",
            "Too little to go on: neither good news nor bad.",
            ('sum(rounds_findings{model=~"$model", verdict="cannot_tell"})',),
        ),
        Asked(
            "stat",
            "Since the last window ended",
            "How old the newest thing known of this model is.",
            (f"time() - max(rounds_window_end_timestamp_seconds{PICKED})",),
            unit="s",
        ),
        Asked(
            "states",
            "For how many windows each finding has stood",
            "0: inside its margin. What cannot tell changes nothing.",
            (f"max by (metric, subject, attribute) (rounds_finding_beyond_windows{PICKED})",),
            ("{{metric}} {{subject}}",),
            bad=1,
        ),
        Asked(
            "lines",
            "The worst of each family, in margins",
            "1 is at its margin; 2 is twice as far. Which one it is stands on the model's page.",
            (f"max by (family) (rounds_family_worst_ratio{PICKED})",),
            ("{{family}}",),
            bad=1,
        ),
        Asked(
            "lines",
            "The middle one of each family, in margins",
            "When all of a family moves, this moves; when one column does, it does not.",
            (f"max by (family) (rounds_family_median_ratio{PICKED})",),
            ("{{family}}",),
            bad=1,
        ),
        Asked(
            "lines",
            "Findings beyond their margin, by family",
            "None where there are none.",
            (f"sum by (family) (rounds_family_beyond{PICKED}) or vector(0)",),
            ("{{family}}",),
            bad=1,
        ),
        Asked(
            "lines",
            "Values",
            "Each in its metric's own unit; the margin beside it says how far it may go.",
            ('rounds_finding_value{model=~"$model", family!="fairness"}',),
            ("{{metric}} {{subject}}",),
        ),
        Asked(
            "lines",
            "Margins",
            "How far each value may be from its target. A changed margin is seen here.",
            ('rounds_finding_margin{model=~"$model", family!="fairness"}',),
            ("{{metric}} {{subject}}",),
        ),
        Asked(
            "lines",
            "Rows a window",
            "A feed that dries up is seen here first.",
            (f"rounds_rows{PICKED}",),
            ("{{model}}",),
        ),
        Asked(
            "lines",
            "Rows of the sites that sent fewest",
            "One site's feed that dries up is seen here first; none where too few to show.",
            (f"rounds_group_rows{PICKED}",),
            ("{{attribute}} {{group}}",),
        ),
        Asked(
            "lines",
            "Verdicts",
            "Of the last window: beyond, failed, undecided.",
            (f"sum by (verdict) (rounds_findings{PICKED})",),
            ("{{verdict}}",),
        ),
        Asked(
            "table",
            "What stands, and what to do",
            "As an alert says it.",
            (f"rounds_finding_info{PICKED}",),
            ("Stands",),
        ),
    ),
    one=True,
)

FAIRNESS = Board(
    "Rounds: gaps between groups",
    "Gaps beyond their margin, for the committee. A gap is a question, not an answer; "
    "small groups are withheld and are not here.",
    (
        Asked(
            "stat",
            "Gaps beyond their margin",
            "The worst of each model that stands; the bias audit holds all.",
            (f"count({_beyond('fairness')} > 0) or vector(0)",),
            bad=1,
        ),
        Asked(
            "stat",
            "The longest has stood for",
            "Windows in a row.",
            (f"max({_beyond('fairness')}) or vector(0)",),
        ),
        Asked(
            "stat",
            "Largest gap in margins",
            "1 is at its margin; 2 is twice as far.",
            (f"max(abs({GAPS}) / {GAPS.replace('value', 'margin')}) or vector(0)",),
            bad=1,
        ),
        Asked(
            "stat",
            "Checks that cannot tell",
            "Of the model as a whole; most are groups with too few people.",
            ('sum(rounds_findings{model=~"$model", verdict="cannot_tell"})',),
        ),
        Asked(
            "table",
            "Which gaps stand",
            "By attribute. Names of groups are shown; people too few to show are not.",
            (f"{_beyond('fairness')} > 0", *(e.replace(PICKED, OF_GROUPS) for e in STANDING[1:])),
            COLUMNS,
        ),
        Asked(
            "lines",
            "Gaps over time",
            "The group less the rest, in the metric's unit.",
            (GAPS,),
            ("{{metric}} {{attribute}} {{group}}",),
        ),
        Asked(
            "states",
            "For how many windows each gap has stood",
            "0: inside its margin.",
            (f"max by (model, metric, attribute) ({_beyond('fairness')})",),
            ("{{model}} {{metric}} {{attribute}}",),
            bad=1,
        ),
    ),
)

HEALTH = Board(
    "Rounds: its own health",
    "Whether the monitor itself can be relied on. If this is red, no other dashboard says anything.",
    (
        Asked(
            "stat", "Rounds answers", "1 when the last scrape succeeded.", ('min(up{job="rounds"})',), least=1
        ),
        Asked(
            "stat",
            "It can read its ledger",
            "1 when it could at the last scrape.",
            ("min(rounds_up)",),
            least=1,
        ),
        Asked(
            "stat",
            "Pages nobody was told of",
            "Open pages that no channel of Rounds delivered.",
            ("rounds_pages_untold",),
            bad=1,
        ),
        Asked(
            "stat",
            "Copies owed to MLflow",
            "No audit is lost; the copy is late.",
            ("rounds_copies_owed", "rounds_copies_set_aside"),
            bad=1,
        ),
        Asked(
            "stat",
            "Series left out",
            "More models than a scrape can carry.",
            ("rounds_series_dropped",),
            bad=1,
        ),
        Asked(
            "stat",
            "Series in a scrape",
            "At most ten thousand for five hundred models.",
            ('scrape_samples_scraped{job="rounds"}',),
            bad=20000,
        ),
        Asked(
            "stat",
            "How long a scrape takes",
            "One second for five hundred models.",
            ('scrape_duration_seconds{job="rounds"}',),
            unit="s",
            bad=5,
        ),
        Asked(
            "stat",
            "Silenced or being changed",
            "Checks and models nobody is called about.",
            ("count(rounds_silenced_until_timestamp_seconds > time()) or vector(0)",),
        ),
        Asked(
            "stat",
            "Let go by the retention rule",
            "Bodies of the ledger, in all; their digests stay.",
            ("rounds_retention_removed_bodies",),
        ),
        Asked(
            "stat",
            "Room they had in the ledger",
            "Given back to the database.",
            ("rounds_retention_removed_bytes",),
            unit="bytes",
        ),
        Asked(
            "stat",
            "Since retention last came to its end",
            "Empty where no rule removes anything.",
            ("time() - rounds_retention_last_success_timestamp_seconds",),
            unit="s",
        ),
        Asked("stat", "Until the certificate ends", "Empty without one.", (ENDS,), unit="s", least=SOON),
        Asked(
            "lines",
            "Since each model's last audit",
            "Seconds since it was written to the ledger.",
            ("time() - rounds_last_success_timestamp_seconds",),
            ("{{model}}",),
            unit="s",
        ),
        Asked(
            "lines",
            "How long scrapes take",
            "A scrape that takes ten seconds is lost.",
            ('scrape_duration_seconds{job="rounds"}',),
            ("{{instance}}",),
            unit="s",
            bad=10,
        ),
        Asked(
            "lines",
            "Alerts that fire",
            "By who acts. The watchdog always does.",
            ('count by (severity) (ALERTS{alertstate="firing", alertname=~"Rounds.+"})',),
            ("{{severity}}",),
        ),
        Asked(
            "table",
            "Outcomes that are awaited",
            "By when the oldest window's outcomes ought to be counted.",
            ("rounds_outcomes_due_timestamp_seconds * 1000",),
            ("Due",),
            unit="dateTimeAsIso",
        ),
    ),
)

BOARDS = {"fleet": FLEET, "model": MODEL, "fairness": FAIRNESS, "health": HEALTH}
