import re

import pytest
from agent_protocol import registry
from agent_protocol.registry import AnyMethod, AnyServerRequest

ANSWERED = [*registry.client_methods(), *registry.server_requests()]


def test_the_registry_has_every_message_of_the_protocol() -> None:
    assert len(list(registry.client_methods())) == 43
    assert len(list(registry.notifications())) == 34
    assert len(list(registry.server_requests())) == 5
    assert [sent.name for sent in registry.client_notifications()] == ["initialized"]


def test_a_table_names_each_constant_by_its_own_wire_name() -> None:
    for method in registry.client_methods():
        assert registry.client_method(method.name) is method
    for sent in registry.notifications():
        assert registry.notification(sent.name) is sent
    for asked in registry.server_requests():
        assert registry.server_request(asked.name) is asked


@pytest.mark.parametrize(
    "name", ["", "thread", "thread/Start", "initialized", "item/started", "__class__", "registry:P"]
)
def test_an_unknown_method_is_not_found(name: str) -> None:
    assert registry.client_method(name) is None


def test_each_kind_of_message_is_found_by_its_own_lookup_only() -> None:
    assert registry.client_notification("initialized") is not None
    assert registry.notification("initialized") is None
    assert registry.server_request("thread/start") is None
    assert registry.notification("item/tool/call") is None


@pytest.mark.parametrize(
    "method", [*registry.client_methods(), *registry.server_requests()], ids=lambda method: method.name
)
def test_params_and_results_are_named_after_what_they_are(method: AnyMethod | AnyServerRequest) -> None:
    for declared, ending in ((method.params, "Params"), (method.result, "Response")):
        for arm in getattr(declared, "__args__", (declared,)):
            assert arm is None or arm.__name__.endswith(ending)


def test_constants_are_wire_names_in_capitals() -> None:
    assert registry.constant_name("item/commandExecution/requestApproval") == "ITEM_COMMAND_EXECUTION_REQUEST_APPROVAL"
    assert registry.constant_name("initialize") == "INITIALIZE"
    names = [method.name for method in registry.client_methods()]
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", registry.constant_name(name)) for name in names)


def test_only_long_running_methods_let_later_requests_go_first() -> None:
    assert {method.name for method in registry.client_methods() if not method.ordered} == {
        "app/list",
        "collaborationMode/list",
        "command/exec",
        "fuzzyFileSearch",
        "mcpServerStatus/list",
        "model/list",
        "thread/rollback",
        "turn/interrupt",
    }


def test_a_message_stays_hashable_and_equal_to_itself() -> None:
    methods = list(registry.client_methods())
    assert len(set(methods)) == len(methods)
