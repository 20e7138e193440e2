import json
import subprocess
import sys

import agent_sandbox
import pytest
from agent_sandbox.host import cached_probe, probe
from agent_sandbox.report import Report


def test_the_probe_of_this_host_is_complete() -> None:
    report = probe()
    assert [backend.name for backend in report.backends] == ["bubblewrap", "landlock"]
    for backend in report.backends:
        assert (backend.reason is None) is backend.works
        assert backend.name in report.text()
        if backend.reason is not None:
            assert backend.reason in report.text()
        for limit in backend.limits:
            assert limit in report.text()


def test_the_report_is_json() -> None:
    report = cached_probe()
    data = json.loads(json.dumps(report.to_json()))
    assert data["landlock_abi"] == report.landlock_abi
    assert [backend["name"] for backend in data["backends"]] == ["bubblewrap", "landlock"]


def test_the_cached_probe_is_made_once() -> None:
    assert cached_probe() is cached_probe()


def test_an_unknown_back_end_has_no_report() -> None:
    with pytest.raises(KeyError):
        Report(system="Linux", kernel="6", machine="x86_64", is_root=False).backend("seatbelt")


def test_every_public_name_can_be_loaded() -> None:
    assert all(getattr(agent_sandbox, name) is not None for name in agent_sandbox.__all__)
    with pytest.raises(AttributeError):
        getattr(agent_sandbox, "no_such_name")  # noqa: B009


def test_the_policy_loads_without_the_machinery() -> None:
    code = "import sys, agent_sandbox; agent_sandbox.Policy; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert not {"anyio", "ctypes", "subprocess", "asyncio"} & set(loaded)
