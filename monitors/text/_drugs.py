"""Drugs of a text: words that end as the names of drug classes do, and the common ones that do not.

Most generic names end in a stem that says their class (World Health Organization, "The use of stems in
the selection of International Nonproprietary Names"). Compared as English and Spanish both write them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from monitors.characters import Runs, Texts
from monitors.text._tokens import all_tokens, tokens

# As `_plain` leaves them: no accents, no double letters, no last vowel.
_STEMS = (
    "pril", "sartan", "olol", "alol", "dipin", "statin", "gliptin", "gliflozin", "glutid", "glitazon",
    "prazol", "tidin", "setron", "cilin", "ciclin", "cyclin", "floxacin", "mycin", "micin", "conazol",
    "nidazol", "oxazol", "ciclovir", "cyclovir", "tamivir", "tegravir", "buvir", "umab", "ximab", "zumab",
    "tinib", "ciclib", "parin", "xaban", "gatran", "teplas", "triptan", "cain", "azepam", "azolam", "oxetin",
    "pramin", "triptylin", "triptilin", "codon", "morphon", "morfon", "fentanyl", "fentanil", "profen",
    "coxib", "predniso", "prednisolon", "dexametason", "dexamethason", "cortison", "buterol", "meterol",
    "moterol", "tropium", "tropio", "semid", "thiazid", "tiazid", "lukast", "dronat", "fibrat", "platin",
    "rubicin", "taxel", "trexat", "barbital", "gabalin", "racetam", "peridon", "ipiprazol", "apin",
)  # fmt: skip
_NAMES = frozenset((
    "acetaminophen", "alopurinol", "amiodaron", "aspirin", "benzonatat", "bupropion", "carbamazepin",
    "cefazolin", "cefepim", "ceftazidim", "ceftriaxon", "cephalexin", "cetirizin", "citalopram",
    "clonidin", "clopidogrel", "colchicin", "dexametason", "diclofenac", "digoxin", "diphenhydramin",
    "dopamin", "epinefrin", "epinephrin", "ertapenem", "escitalopram", "estradiol", "famotidin",
    "finasterid", "gabapentin", "glimepirid", "glipizid", "glyburid", "guaifenesin", "haloperidol",
    "heparin", "hydralazin", "hydroxychloroquin", "insulin", "ketamin", "ketorolac", "lamotrigin",
    "levothyroxin", "levotiroxin", "linezolid", "lithium", "litio", "loratadin", "melatonin",
    "meloxicam", "meropenem", "metformin", "methadon", "metoclopramid", "morfin", "morphin", "naloxon",
    "naproxen", "nitrofurantoin", "nitroglicerin", "nitroglycerin", "norepinephrin", "paracetamol",
    "phenytoin", "prednison", "propofol", "sertralin", "sildenafil", "spironolacton", "tadalafil",
    "tamoxifen", "tamsulosin", "ticagrelor", "tramadol", "trazodon", "trimethoprim", "valproat",
    "vasopresin", "venlafaxin", "warfarin",
))  # fmt: skip
_NONE = frozenset({"april", "abril", "cholesterol", "colesterol", "sprain"})
_STEM = re.compile(r"[a-z]{2,}(?:" + "|".join(_STEMS) + ")")


@lru_cache(maxsize=16)  # the texts of one row, each looked at twice
def drugs(text: str) -> frozenset[str]:
    """The drugs a text names, each in one plain form.

    >>> sorted(drugs("Amoxicillin 500 mg; ayer ibuprofeno. In April she felt a pain."))
    ['amoxicilin', 'ibuprofen']
    """
    return frozenset(map(_drug, set(tokens(text)))) - {""}


def all_drugs(texts: Texts) -> Runs:
    """The drugs that many texts name."""
    return texts.once("drugs", lambda: all_tokens(texts).renamed(_drug))


@lru_cache(maxsize=16_384)  # of a million texts the words met most, in 4 MB
def _drug(word: str) -> str:
    plain = _plain(word)
    known = plain in _NAMES or (len(plain) > 5 and _STEM.fullmatch(plain) is not None)
    return plain if known and plain not in _NONE else ""


def _plain(word: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return re.sub(r"(.)\1", r"\1", bare).rstrip("aeo")
