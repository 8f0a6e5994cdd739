"""Rules: what laws, standards and guidance ask, as data, in our own words and each with how it was read.

One file in configs/rules/ is one text. Nothing is cited that nobody read: V was read in the text
itself, V2 in a secondary source. Whether a requirement is met is for whoever has the duty to judge.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from monitors.columns import Strict
from monitors.config_file import checked, mapping, text_of
from monitors.errors import ConfigError

STATUSES = ("in force", "not yet in force", "guidance", "voluntary", "proposed", "repealed", "format only")
Month = Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]


class Requirement(Strict):
    """One thing that a text asks for."""

    id: str
    asks: str = Field(description="In our own words.")
    mark: Literal["V", "V2"] = Field(description="V: read in the text itself. V2: in a secondary source.")
    evidence: tuple[str, ...] = Field(description="Kinds of evidence; empty: none that is kept here.")


class Text(Strict):
    """One law, standard or guidance."""

    text: str
    version: str
    status: Literal[
        "in force", "not yet in force", "guidance", "voluntary", "proposed", "repealed", "format only"
    ]
    jurisdiction: str
    effective: Month | None = None
    checked: Month = Field(description="When its status was last looked up.")
    address: str = Field(description="Where it can be read.")
    note: str | None = None
    requirements: tuple[Requirement, ...] = Field(min_length=1)

    @field_validator("requirements")
    @classmethod
    def _once(cls, requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
        ids = [r.id for r in requirements]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"{', '.join(twice)} is there twice")
        return requirements


def shipped() -> Path:
    """The folder of texts that come with Rounds."""
    return Path(str(resources.files("configs"))) / "rules"


def texts(folder: Path) -> dict[str, Text]:
    """Every text of a folder, by its file's name. Raises ConfigError with every mistake of every file."""
    found: dict[str, Text] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            declared = mapping(text_of(path, "a rule text's"), path.name, "one text", "configs/rules/")
            found[path.stem] = checked(Text, declared, path.name)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found
