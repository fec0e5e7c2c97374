"""All kinds of files, for the tests that must hold on each."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpybroker.storage.faulty import FaultyFiles
from kpybroker.storage.files import Files, RealFiles
from kpybroker.storage.memory import MemoryFiles


@pytest.fixture(params=["real", "memory", "faulty"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "real":
        return RealFiles(str(tmp_path), open_limit=4)
    return MemoryFiles() if request.param == "memory" else FaultyFiles()
