"""Both kinds of files, for the tests that must hold on each."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpybroker.storage.files import Files, RealFiles
from kpybroker.storage.memory import MemoryFiles


@pytest.fixture(params=["real", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return RealFiles(str(tmp_path), open_limit=4) if request.param == "real" else MemoryFiles()
