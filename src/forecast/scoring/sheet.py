"""Make the content of the disclosure sheet: one page in plain English for the person and their solicitor.

The sheet says only what the bundle, the record and the settings know; what nobody filled in is a marked gap.
`docs/disclosure.md` says why it says what it does. The sentences stand in the one catalogue of texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast._version import __version__
from forecast.explanations.texts import texts_of
from forecast.scoring.sheet_form import Sheet
from forecast.scoring.sheet_parts import Parts

if TYPE_CHECKING:
    from forecast.explanations.distance import Trial
    from forecast.models.bundle import ModelBundle
    from forecast.scoring.corrections import Corrected
    from forecast.scoring.one import Explained
    from forecast.scoring.used import Used
    from forecast.settings import Settings


def make_sheet(
    bundle: ModelBundle,
    explained: Explained,
    settings: Settings,
    *,
    used: Used,
    trial: Trial | None = None,
    corrected: Corrected | None = None,
) -> Sheet:
    """Return the sheet of one explained case.

    ``trial``: which single facts or records would change the band; None: nothing is said of it. ``corrected``: a
    correction to show, of which ``explained`` is the case after it.
    """
    texts = texts_of(settings)
    parts = Parts(bundle, explained, texts)
    sections = [
        *([parts.correction(corrected)] if corrected else []),
        parts.forecast(),
        parts.used(used, changed=corrected is not None),
        parts.why(),
        parts.unknown(),
        parts.right(),
        parts.decides(),
        parts.challenge(settings.disclosure_contact.strip(), trial),
    ]
    date = used.until or texts["sheet.no_date"]
    foot = texts.say("sheet.foot", id=explained.case_id, date=date, model=bundle.model_id, version=__version__)
    title = texts["sheet.corrected_title" if corrected else "sheet.title"]
    return Sheet(title, texts["sheet.lead"], tuple(sections), foot)
