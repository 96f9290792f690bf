"""What the log has to say to the core."""

from solmux.logs.alarms import ALARMS_LIMIT, Alarm, AlarmKind, Alarms


def test_alarms_are_taken_once_and_in_order() -> None:
    alarms = Alarms()
    first = Alarm(AlarmKind.WRITE_FAILED, "server42", "the log cannot be written: no space", 1.0)
    second = Alarm(AlarmKind.HUNG, "", "the disk does not answer", 2.0)
    alarms.raise_alarm(first)
    alarms.raise_alarm(second)
    assert alarms.take() == [first, second]
    assert alarms.take() == []
    assert str(first) == "server42: the log cannot be written: no space"
    assert str(second) == "the disk does not answer"


def test_alarms_nobody_takes_are_bounded() -> None:
    alarms = Alarms()
    for number in range(ALARMS_LIMIT + 10):
        alarms.raise_alarm(Alarm(AlarmKind.LOST, "a", str(number), 0.0))
    taken = alarms.take()
    assert len(taken) == ALARMS_LIMIT
    assert taken[-1].text == str(ALARMS_LIMIT + 9)
