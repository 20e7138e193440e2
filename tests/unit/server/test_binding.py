import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest
from agent_core.seams import SystemClock
from agent_protocol import registry
from agent_protocol.v2.model import MODEL_LIST, ModelListParams, ModelListResponse
from agent_server.binding import Binding, BindingError, NotAvailable, Reception, Services, handles
from agent_server.context import RequestContext
from agent_server.handlers.table import DEFERRED, RESOURCES
from agent_server.hub import Hub
from agent_server.testing.agent import ScriptedAgent

MODEL = "agent_server.handlers.model:ModelHandlers"


def _bind(resources: Mapping[str, Sequence[str]], deferred: Sequence[str]) -> Binding:
    return Binding(Reception(ScriptedAgent(), Hub(SystemClock())), resources, deferred)


@pytest.mark.anyio
async def test_every_method_is_served_or_deferred_exactly_once() -> None:
    binding = _bind(RESOURCES, DEFERRED)
    await binding.load()
    for method in registry.client_methods():
        bound = binding.find(method.name)
        assert bound is not None
        assert bound.method is method
        if method.name in DEFERRED:
            with pytest.raises(NotAvailable):
                await binding.call(bound)
    assert binding.find("no/such/method") is None


def test_a_method_without_handler_is_refused_at_start() -> None:
    with pytest.raises(BindingError) as caught:
        _bind(RESOURCES, [each for each in DEFERRED if each != "turn/steer"])
    assert caught.value.missing == ["turn/steer"]


def test_a_method_with_two_handlers_is_refused_at_start() -> None:
    with pytest.raises(BindingError) as caught:
        _bind(RESOURCES, [*DEFERRED, "model/list"])
    assert caught.value.doubled == ["model/list"]


def test_an_unknown_method_is_refused_at_start() -> None:
    with pytest.raises(BindingError) as caught:
        _bind(RESOURCES, [*DEFERRED, "model/lists"])
    assert caught.value.unknown == ["model/lists"]


class TwiceHandlers:
    def __init__(self, services: Services) -> None:
        pass

    @handles(MODEL_LIST)
    async def list(self, ctx: RequestContext[ModelListResponse], params: ModelListParams) -> ModelListResponse:
        raise NotImplementedError

    @handles(MODEL_LIST)
    async def again(self, ctx: RequestContext[ModelListResponse], params: ModelListParams) -> ModelListResponse:
        raise NotImplementedError


@pytest.mark.anyio
async def test_a_class_must_serve_what_it_is_listed_for() -> None:
    moved = {home: methods for home, methods in RESOURCES.items() if home != MODEL}
    account = "agent_server.handlers.account:AccountHandlers"
    wrong = {**moved, account: ("account/read", "model/list")}
    with pytest.raises(BindingError) as caught:
        await _bind(wrong, DEFERRED).load()
    assert caught.value.missing == ["model/list"]


def test_starting_the_server_loads_nothing_heavy() -> None:
    heavy = "sqlalchemy alembic cryptography httpx2 textual click tree_sitter ssl subprocess importlib.metadata email"
    script = (
        "import sys; import agent_server.server, agent_server.stdio; "
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
