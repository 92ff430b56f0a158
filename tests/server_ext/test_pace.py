"""How often figures may be sent."""

from cellcost_server.pace import Pace


def test_a_final_figure_right_after_a_live_one_does_not_wait() -> None:
    pace = Pace(per_second=4, burst=2)
    assert pace.allows(10.0)
    assert pace.allows(10.1)
    assert not pace.allows(10.2)


def test_a_steady_stream_is_sent_four_times_a_second() -> None:
    pace = Pace(per_second=4, burst=2)
    sent = sum(pace.allows(tick / 10) for tick in range(100))
    assert 40 <= sent <= 42
