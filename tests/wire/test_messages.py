"""Every message, header and record in every version, against three codecs that are not ours.

An interpreter of Kafka's definitions (`interpretive.py`) covers all of them; kafka-python's and kio's generated codecs
cover what COVERED says, and every one of those is asked too.
"""

from __future__ import annotations

import random
import re
from importlib import import_module
from typing import Any
from zlib import crc32

import pytest

from kpybroker.wire import apis, header, internal
from kpybroker.wire.compiler import WireError
from kpybroker.wire.declare import type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from tests.wire.interpretive import RENAMED, Definition, Interpreter, definitions, snake, span
from tests.wire.others import KafkaPython, Kio

STYLES = ("least", "full", "calm")
