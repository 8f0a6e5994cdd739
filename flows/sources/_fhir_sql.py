"""FHIR R4 resources, one JSON text a line, as SQL that flattens them to a table of predictions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_CODING = [{"system": "VARCHAR", "code": "VARCHAR", "display": "VARCHAR"}]
_CONCEPT = {"coding": _CODING, "text": "VARCHAR"}
_QUANTITY = {"value": "DOUBLE"}
_REFERENCE = {"reference": "VARCHAR"}
_PERIOD = {"start": "VARCHAR"}
_ANY = {
    "resourceType": "VARCHAR",
    "id": "VARCHAR",
    "meta": {"versionId": "VARCHAR", "lastUpdated": "VARCHAR"},
}
_RISK = {
    **_ANY,
    "status": "VARCHAR",
    "method": _CONCEPT,
    "subject": _REFERENCE,
    "encounter": _REFERENCE,
    "performer": _REFERENCE,
    "occurrenceDateTime": "VARCHAR",
    "occurrencePeriod": _PERIOD,
    "prediction": [
        {
            "outcome": _CONCEPT,
            "probabilityDecimal": "DOUBLE",
            "probabilityRange": {"low": _QUANTITY, "high": _QUANTITY},
            "qualitativeRisk": _CONCEPT,
        }
    ],
}
_PATIENT = {
    **_ANY,
    "gender": "VARCHAR",
    "birthDate": "VARCHAR",
    "communication": [{"preferred": "BOOLEAN", "language": _CONCEPT}],
    "extension": [
        {
            "url": "VARCHAR",
            "valueCode": "VARCHAR",
            "extension": [{"url": "VARCHAR", "valueCoding": _CODING[0], "valueString": "VARCHAR"}],
        }
    ],
}
_EVENT = {
    **_ANY,
    "status": "VARCHAR",
    "verificationStatus": _CONCEPT,
    "code": _CONCEPT,
    "class": _CODING[0],
    "subject": _REFERENCE,
    "valueBoolean": "BOOLEAN",
    "effectiveDateTime": "VARCHAR",
    "effectivePeriod": _PERIOD,
    "onsetDateTime": "VARCHAR",
    "recordedDate": "VARCHAR",
    "performedDateTime": "VARCHAR",
    "performedPeriod": _PERIOD,
    "period": _PERIOD,
}
# Where each kind of event says when it was.
_WHEN = {
    "Observation": ("effectiveDateTime", "effectivePeriod.start"),
    "Condition": ("onsetDateTime", "recordedDate"),
    "Procedure": ("performedDateTime", "performedPeriod.start"),
    "Encounter": ("period.start",),
}
EVENTS = tuple(_WHEN)
DELETIONS = "Bundle"
_DELETED = {"resourceType": "VARCHAR", "entry": [{"request": {"method": "VARCHAR", "url": "VARCHAR"}}]}
_SHAPES = {"RiskAssessment": _RISK, "Patient": _PATIENT, DELETIONS: _DELETED, **dict.fromkeys(EVENTS, _EVENT)}


def text(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def _lines(files: Sequence[str]) -> str:
    """Each line of the files, with its file: `line`, `filename`."""
    listed = ", ".join(map(text, files))
    return (
        f"read_csv([{listed}], auto_detect = false, header = false, delim = '\x01', quote = '', "
        f"escape = '', columns = {{'line': 'VARCHAR'}}, max_line_size = 20000000, filename = true)"
    )


def parsed(files: Sequence[str], kind: str, *, torn: bool = True) -> str:
    """Each line that is not blank as one struct `r`, with its file; NULL where it is no resource.

    Without `torn` a line that is no JSON is an error instead: each is parsed once and not twice.
    """
    nothing = "(SELECT NULL::VARCHAR AS line, NULL::VARCHAR AS filename WHERE false)"
    made = f"json_transform(line, {text(json.dumps(_SHAPES[kind]))})"
    return (
        f"SELECT {f'CASE WHEN json_valid(line) THEN {made} END' if torn else made} AS r, filename "  # noqa: S608
        f"FROM {_lines(files) if files else nothing} WHERE length(line) > 40 OR trim(line) <> ''"
    )


def sample(files: Sequence[str], first: int, every: int) -> str:
    """The first lines and then one in so many, of those that hold something of JSON's form."""
    placed = f"SELECT line, row_number() OVER () AS place FROM {_lines(files)}"  # noqa: S608
    return (
        f"SELECT line FROM ({placed}) WHERE (place <= {first} OR place % {every} = 0) "  # noqa: S608
        f"AND CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END"
    )


def flat(files: Sequence[str], kind: str, fields: Mapping[str, str], *, torn: bool = True) -> str:
    """Each line as the fields that are wanted of its resource; `torn` names the file of one that holds none.

    Flattened as it is parsed: to keep whole resources would take longer than to read them.
    """
    wanted = "".join(f", {expression} AS {name}" for name, expression in fields.items())
    return (
        f"SELECT CASE WHEN r IS NULL THEN filename END AS torn, r.resourceType AS kind, r.id AS id, "  # noqa: S608
        f"r.meta.lastUpdated AS updated, r.meta.versionId AS version{wanted} "
        f"FROM ({parsed(files, kind, torn=torn)})"
    )


def newest(kind: str, held: str, *, repeated: bool) -> str:
    """The newest version of each resource of a kind; where no id is repeated there is nothing to order."""
    there = f"kind = {text(kind)} AND id IS NOT NULL"
    if not repeated:
        return f"SELECT * FROM {held} WHERE {there}"  # noqa: S608
    # The ids alone are put in order: all fields would be carried along for nothing.
    return (
        f"SELECT * FROM {held} SEMI JOIN (SELECT rowid AS place FROM {held} "  # noqa: S608
        f"WHERE {there} QUALIFY row_number() OVER (PARTITION BY id ORDER BY "
        f"TRY_CAST(updated AS TIMESTAMPTZ) DESC NULLS LAST, "
        f"TRY_CAST(version AS BIGINT) DESC NULLS LAST, rowid DESC) = 1) ON place = {held}.rowid"
    )


def risk_fields(zone: str, method: str | None, prediction: str | None, factor: float) -> dict[str, str]:
    """What is taken of a RiskAssessment."""
    of = "r.prediction[1]"
    if prediction is not None:
        of = f"list_filter(r.prediction, lambda p: {_coded('p.outcome', (prediction,))})[1]"
    middle = f"({of}.probabilityRange.low.value + {of}.probabilityRange.high.value) / 2"
    return {
        "standing": f"r.status IN ('final', 'amended', 'corrected') AND {_of_method(method)}",
        "time": _moment("coalesce(r.occurrenceDateTime, r.occurrencePeriod.start)", zone),
        "patient": _id("r.subject.reference", "Patient"),
        "encounter": _id("r.encounter.reference", "Encounter"),
        "method": "coalesce(r.method.coding[1].code, r.method.text)",
        "device": _id("r.performer.reference", "Device"),
        "score": f"coalesce({of}.probabilityDecimal, {middle}) * {factor!r}",
        "risk": f"coalesce({of}.qualitativeRisk.coding[1].code, {of}.qualitativeRisk.text)",
    }


def _of_method(method: str | None) -> str:
    return "true" if method is None else f"coalesce({_coded('r.method', (method,))}, false)"


def risks(held: str, *, repeated: bool) -> str:
    """One row a RiskAssessment: id, time, patient, encounter, method, device, score, risk."""
    return f"""
        SELECT id, time, patient, encounter, method, device, score, risk
        FROM ({newest("RiskAssessment", held, repeated=repeated)}) newest
        WHERE standing AND {_not_deleted("RiskAssessment")}
    """  # noqa: S608


def patient_fields() -> dict[str, str]:
    """What is taken of a Patient."""
    spoken = "coalesce(list_filter(r.communication, lambda c: c.preferred)[1], r.communication[1])"
    return {
        "sex": "r.gender",
        "birth": "r.birthDate",
        "birth_sex": f"{_extension('birthsex')}.valueCode",
        "race": _category("race"),
        "ethnicity": _category("ethnicity"),
        "language": f"{spoken}.language.coding[1].code",
    }


def patients(held: str, *, repeated: bool) -> str:
    """One row a Patient: id, sex, birth, birth_sex, race, ethnicity, language."""
    return f"""
        SELECT id, {", ".join(patient_fields())}
        FROM ({newest("Patient", held, repeated=repeated)}) newest WHERE {_not_deleted("Patient")}
    """  # noqa: S608


def event_fields(kind: str, zone: str, codes: Sequence[str]) -> dict[str, str]:
    """What is taken of an event; `standing` where it has one of the codes and was not taken back."""
    told = f"coalesce({', '.join(f'r.{place}' for place in _WHEN[kind])})"
    concept = "struct_pack(coding := [r.class], text := NULL::VARCHAR)" if kind == "Encounter" else "r.code"
    return {
        "standing": f"""coalesce(r.status, '') NOT IN ('entered-in-error', 'cancelled')
            AND coalesce(r.verificationStatus.coding[1].code, '') NOT IN ('refuted', 'entered-in-error')
            AND coalesce(r.valueBoolean, true) AND coalesce({_coded(concept, codes)}, false)""",
        "patient": _id("r.subject.reference", "Patient"),
        "time": _moment(told, zone),
    }


def events(kind: str, held: str, *, repeated: bool) -> str:
    """One row an event of a kind and code: patient, time."""
    return f"""
        SELECT patient, time FROM ({newest(kind, held, repeated=repeated)}) newest
        WHERE standing AND {_not_deleted(kind)}
    """  # noqa: S608


def _not_deleted(kind: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM fhir_deleted d WHERE d.reference = {text(kind + '/')} || newest.id)"  # noqa: S608


def deleted(held: str) -> str:
    """What a bulk export says was deleted: `reference`, as in RiskAssessment/7."""
    return f"""
        SELECT DISTINCT e.request.url AS reference FROM (SELECT unnest(r.entry) AS e FROM {held})
        WHERE e.request.method = 'DELETE'
    """  # noqa: S608


def age(birth: str, time: str) -> str:
    """Whole years at a time; a birth date of a year or a month alone is taken as its middle."""
    whole = (
        f"CASE length({birth}) WHEN 4 THEN {birth} || '-07-01' WHEN 7 THEN {birth} || '-15' ELSE {birth} END"
    )
    return f"date_part('year', age({time}::TIMESTAMP, TRY_CAST({whole} AS TIMESTAMP)))"


def _moment(value: str, zone: str) -> str:
    """A FHIR dateTime; a bare date is the local day, a year or a month alone is no time."""
    day = f"timezone({text(zone)}, TRY_CAST({value} AS TIMESTAMP))"
    clock = f"CASE WHEN length({value}) > 10 THEN TRY_CAST({value} AS TIMESTAMPTZ) END"
    return f"CASE WHEN length({value}) = 10 THEN {day} ELSE {clock} END"


def _id(reference: str, kind: str) -> str:
    """The id in a reference: relative (found without a regular expression), absolute, or with a version."""
    plain = f"{reference} LIKE '{kind}/_%' AND {reference} NOT LIKE '{kind}/%/%'"
    any_form = f"nullif(regexp_extract({reference}, '(?:^|/){kind}/([^/]+)', 1), '')"
    return f"CASE WHEN {plain} THEN substr({reference}, {len(kind) + 2}) ELSE {any_form} END"


def _coded(concept: str, codes: Sequence[str]) -> str:
    """Whether a concept has one of the codes (`code`, or `system|code`), or one as its text."""
    listed = ", ".join(map(text, codes))
    return (
        f"(coalesce(len(list_filter({concept}.coding, lambda k: "
        f"k.code IN ({listed}) OR (k.system || '|' || k.code) IN ({listed}))) > 0, false) "
        f"OR coalesce({concept}.text IN ({listed}), false))"
    )


def _extension(name: str) -> str:
    return f"list_filter(r.extension, lambda e: e.url = {text(CORE + name)})[1]"


def _category(name: str) -> str:
    """The OMB category as people read it; several are Multiple, asked-and-unknown is nothing."""
    inner = f"{_extension(name)}.extension"
    named = (
        f"list_distinct(list_transform(list_filter({inner}, lambda e: e.url = 'ombCategory' "
        f"AND coalesce(e.valueCoding.code, '') NOT IN ('UNK', 'ASKU', 'NASK')), "
        f"lambda e: coalesce(e.valueCoding.display, e.valueCoding.code)))"
    )
    return f"CASE coalesce(len({named}), 0) WHEN 0 THEN NULL WHEN 1 THEN {named}[1] ELSE 'Multiple' END"
