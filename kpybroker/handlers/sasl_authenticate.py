"""SaslAuthenticate (36): one step of logging in; on a listener where nobody logs in it comes at the wrong time.

Versions: 0-2. Behaves: ILLEGAL_SASL_STATE; the connection goes on as if nothing had been asked.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.sasl_authenticate import SaslAuthenticateResponse


def sasl_authenticate(state: State, call: Call) -> SaslAuthenticateResponse:
    return SaslAuthenticateResponse(
        error_code=Error.ILLEGAL_SASL_STATE, error_message="nobody logs in on this listener", auth_bytes=b""
    )
