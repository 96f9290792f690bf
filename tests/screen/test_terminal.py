"""The numbers in a control sequence."""

from solmux.screen.terminal import parameters_of


def test_numbers_are_clipped_and_left_out_ones_are_0() -> None:
    assert parameters_of("") == (0,)
    assert parameters_of("1;;3;") == (1, 0, 3, 0)
    assert parameters_of("00012;99999999") == (12, 9999)
    assert len(parameters_of(";" * 100)) == 32
