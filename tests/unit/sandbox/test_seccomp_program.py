import struct

import pytest
from agent_sandbox.linux import seccomp
from hypothesis import given, settings
from hypothesis import strategies as st

MACHINES = ["x86_64", "aarch64"]
O_TRUNC = 0x200

arguments = st.tuples(*[st.integers(0, 2**64 - 1)] * 6)
call_numbers = st.one_of(st.integers(0, 500), st.integers(0, 2**32 - 1))


def verdict(program: bytes, machine: str, number: int, args: tuple[int, ...] = (), arch: int | None = None) -> int:
    """Run a classic BPF program over the data the kernel would show it."""
    arch = seccomp.AUDIT_ARCH[machine] if arch is None else arch
    data = struct.pack("=IIQ6Q", number, arch, 0, *args, *[0] * (6 - len(args)))
    accumulator, at = 0, 0
    while True:
        code, then, otherwise, value = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x54:
                accumulator &= value
            case 0x15:
                at += then if accumulator == value else otherwise
            case 0x35:
                at += then if accumulator >= value else otherwise
            case 0x45:
                at += then if accumulator & value else otherwise
            case 0x06:
                assert isinstance(value, int)
                return value
            case _:
                raise AssertionError(f"unknown instruction {code:#x}")


def expected(machine: str, number: int, args: tuple[int, ...]) -> int:
    calls = seccomp.numbers(machine)
    if machine == "x86_64" and number >= 0x40000000:
        return seccomp.DENY
    if number in {calls[name] for name in seccomp.DENIED}:
        return seccomp.DENY
    if number in (calls["socket"], calls["socketpair"]):
        local = args[0] & 0xFFFFFFFF == 1 and args[1] & 0xF in (1, 5)
        return seccomp.ALLOW if local else seccomp.DENY
    return seccomp.ALLOW


@pytest.mark.parametrize("machine", MACHINES)
@settings(deadline=None)
@given(number=call_numbers, args=arguments)
def test_the_filter_follows_the_table(machine: str, number: int, args: tuple[int, ...]) -> None:
    program = seccomp.program(machine, network=False)
    assert verdict(program, machine, number, args) == expected(machine, number, args)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_denied_call_is_denied(machine: str) -> None:
    program = seccomp.program(machine, network=False)
    calls = seccomp.numbers(machine)
    assert {verdict(program, machine, calls[name]) for name in seccomp.DENIED} == {seccomp.DENY}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("flags", [0, 0o2000000, 0o4000])
def test_local_streams_are_allowed_with_any_flags(machine: str, flags: int) -> None:
    program = seccomp.program(machine, network=False)
    for name in ("socket", "socketpair"):
        assert verdict(program, machine, seccomp.numbers(machine)[name], (1, 1 | flags)) == seccomp.ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_a_call_of_another_architecture_kills(machine: str) -> None:
    other = seccomp.AUDIT_ARCH["aarch64" if machine == "x86_64" else "x86_64"]
    for program in (
        seccomp.program(machine, network=False),
        seccomp.program(machine, network=True, guard_truncation=True),
    ):
        assert verdict(program, machine, 0, arch=other) == seccomp.KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_with_network_there_is_nothing_to_filter(machine: str) -> None:
    assert seccomp.program(machine, network=True) == b""


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("network", [False, True])
@settings(deadline=None)
@given(flags=st.integers(0, 2**32 - 1))
def test_the_truncation_guard_refuses_emptying_without_writing(machine: str, network: bool, flags: int) -> None:
    program = seccomp.program(machine, network=network, guard_truncation=True)
    calls = seccomp.numbers(machine)
    refused = bool(flags & O_TRUNC) and flags & 3 == 0
    answer = seccomp.DENY if refused else seccomp.ALLOW
    assert verdict(program, machine, calls["openat"], (0, 0, flags)) == answer
    if "open" in calls:
        assert verdict(program, machine, calls["open"], (0, flags)) == answer
    assert verdict(program, machine, calls["truncate"]) == seccomp.DENY
    assert verdict(program, machine, calls["openat2"]) == seccomp.ABSENT
