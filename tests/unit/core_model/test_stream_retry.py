import pytest
from agent_core.model.errors import ResponseFailed, StreamDisconnected
from agent_core.model.retry import backoff, reconnecting_text, stream_backoff
from agent_core.seams import system_randomness
from agent_core.testing.seam import NoRandomness


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 0.2), (2, 0.4), (3, 0.8), (5, 3.2)])
def test_the_delay_doubles(attempt: int, seconds: float) -> None:
    assert backoff(attempt, NoRandomness()) == pytest.approx(seconds)


def test_the_jitter_is_a_tenth() -> None:
    randomness = system_randomness()
    delays = [backoff(1, randomness) for _ in range(200)]
    assert 0.18 <= min(delays) < 0.2 < max(delays) <= 0.22


def test_a_delay_the_server_states_wins() -> None:
    error = ResponseFailed(code="rate_limit_exceeded", message="m", delay=7.5)
    assert stream_backoff(1, error, NoRandomness()) == 7.5
    assert stream_backoff(1, StreamDisconnected(url="u", reason="r"), NoRandomness()) == pytest.approx(0.2)


def test_clients_know_a_reconnection_by_its_text() -> None:
    assert reconnecting_text(2, 5) == "Reconnecting... 2/5"
