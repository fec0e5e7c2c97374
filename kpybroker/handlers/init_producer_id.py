"""InitProducerId (22): gives an idempotent producer its id and epoch.

Versions: 0-5. Behaves: ids come in blocks from the controller, so that a restart never gives one twice.
Differs from Kafka: a transactional id is refused with UNSUPPORTED_VERSION: transactions are not served yet.
"""

from __future__ import annotations

from kpybroker.machine import Call, Later
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse


def init_producer_id(state: State, call: Call) -> InitProducerIdResponse | Later:
    request: InitProducerIdRequest = call.request
    if (request.producer_id == -1) != (request.producer_epoch == -1):
        return _refuse(Error.INVALID_REQUEST)
    if request.transactional_id is not None:
        return _refuse(_transactional(state, request))
    answer = InitProducerIdResponse(
        error_code=Error.NONE, producer_id=state.new_producer_id(call.arrived), producer_epoch=0
    )
    return state.ask_controller(call, lambda controller, call: ((), answer))  # once the block of the id is its own


def _transactional(state: State, request: InitProducerIdRequest) -> Error:
    """What speaks against a transactional id (TransactionCoordinator.handleInitProducerId)."""
    if not request.transactional_id:
        return Error.INVALID_REQUEST
    if not 0 < request.transaction_timeout_ms <= state.settings.int("transaction.max.timeout.ms"):
        return Error.INVALID_TRANSACTION_TIMEOUT
    return Error.UNSUPPORTED_VERSION


def _refuse(error: Error) -> InitProducerIdResponse:
    return InitProducerIdResponse(error_code=error, producer_id=-1, producer_epoch=-1)
