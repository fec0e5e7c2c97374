"""The generated part of DIFFERENCES.md: each listed difference with its reason and source."""

from __future__ import annotations

from collections.abc import Sequence

from differ.compare import Allowed

BEGIN, END = "<!-- differ: begin -->", "<!-- differ: end -->"


def table(allowed: Sequence[Allowed]) -> str:
    """The listed differences as a Markdown table."""
    rows = (
        f"| {a.release or 'all'} | {_code(a.case or '.')} | {_code(a.path)} | {a.reason} | {a.source} |"
        for a in allowed
    )
    head = ["| release | cases | where | why it stays | source |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows])


def _code(expression: str) -> str:
    return f"`{expression}`".replace("|", "\\|")


def rewrite(text: str, allowed: Sequence[Allowed]) -> str:
    """`text` with the part between the two marks made anew; the marks are added at the end where there are none."""
    if BEGIN not in text:
        text = f"{text.rstrip()}\n\n{BEGIN}\n{END}\n"
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table(allowed)}\n{END}{tail}"
