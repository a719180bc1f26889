"""The small force of the tests of scoring, for slow tests too."""

from __future__ import annotations

from tests.scoring.conftest import checked, force, record_bundle
from tests.scoring.spark_world import bundle_folder, scorer, session

__all__ = ["bundle_folder", "checked", "force", "record_bundle", "scorer", "session"]
