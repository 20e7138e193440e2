import pytest
from agent_cli.argv import app_server_options


@pytest.mark.parametrize(
    ("arguments", "overrides"),
    [
        (["app-server"], ()),
        (["app-server", "--listen", "stdio://"], ()),
        (["app-server", "--listen=stdio://", "-c", "a=1"], ("a=1",)),
        (["-c", "a=1", "--config", "b=2", "app-server", "--config=c=3"], ("a=1", "b=2", "c=3")),
        (["app-server", "--analytics-default-enabled"], ()),
    ],
)
def test_plain_forms_are_read_without_the_parser(arguments: list[str], overrides: tuple[str, ...]) -> None:
    options = app_server_options(arguments)
    assert options is not None
    assert options.overrides == overrides


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["exec", "app-server"],
        ["app-server", "--help"],
        ["app-server", "generate-ts", "--out", "d"],
        ["app-server", "-c"],
        ["app-server", "--listen"],
        ["app-server", "--listen", "ws://127.0.0.1:1"],
        ["app-server", "app-server"],
        ["--listen", "stdio://", "app-server"],
    ],
)
def test_everything_else_is_left_to_the_parser(arguments: list[str]) -> None:
    assert app_server_options(arguments) is None
