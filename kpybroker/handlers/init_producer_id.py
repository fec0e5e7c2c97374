"""InitProducerId (22): gives an idempotent producer its id and epoch.

Versions: 0-5. Behaves: ids come in blocks from the controller, so that a restart never gives one twice.
Differs from Kafka: a transactional id is refused with UNSUPPORTED_VERSION: transactions are not served yet.
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse


def init_producer_id(state: State, call: Call) -> InitProducerIdResponse:
    request: InitProducerIdRequest = call.request
    if (request.producer_id == -1) != (request.producer_epoch == -1):
        return _refuse(Error.INVALID_REQUEST)
    if request.transactional_id is not None:
        # An empty transactional id is nobody's (TransactionCoordinator.handleInitProducerId).
        return _refuse(Error.UNSUPPORTED_VERSION if request.transactional_id else Error.INVALID_REQUEST)
    return InitProducerIdResponse(
        error_code=Error.NONE, producer_id=state.new_producer_id(call.arrived), producer_epoch=0
    )


def _refuse(error: Error) -> InitProducerIdResponse:
    return InitProducerIdResponse(error_code=error, producer_id=-1, producer_epoch=-1)
