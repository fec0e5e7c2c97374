"""SaslHandshake (17): chooses how to log in; on a listener where nobody logs in it comes at the wrong time.

Versions: 0-1. Behaves: ILLEGAL_SASL_STATE, no mechanisms; the connection goes on as if nothing had been asked.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.sasl_handshake import SaslHandshakeResponse


def sasl_handshake(state: State, call: Call) -> SaslHandshakeResponse:
    return SaslHandshakeResponse(error_code=Error.ILLEGAL_SASL_STATE, mechanisms=[])
