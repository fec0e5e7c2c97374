"""`python compat-suite/differ`: puts the differ and the checkout on the path, then runs the command line."""

import sys
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path[0:1] = [str(here.parent), str(here.parent.parent)]

from differ.cli import main  # noqa: E402 - the path above is what makes it importable

main()
