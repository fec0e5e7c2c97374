"""`python -m kpybroker`: the same as the command `kpybroker`."""

from kpybroker.cli import main

main()
