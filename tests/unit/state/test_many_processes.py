from pathlib import Path

import pytest
from agent_state.index.reconcile import scan
from crowd import crowd, difference


@pytest.mark.timeout(120)
def test_twenty_processes_share_a_home_without_a_lock_error_or_a_lost_row(tmp_path: Path) -> None:
    done = crowd(tmp_path, processes=20, seconds=3)
    assert [each.warnings for each in done] == [[]] * 20
    assert len(scan(tmp_path)) == sum(each.threads for each in done)
    assert difference(tmp_path).paths == ()
