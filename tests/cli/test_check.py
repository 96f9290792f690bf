"""`solmux check`: every problem at once, where it is, and an exit code for scripts."""

from pathlib import Path

from tests.cli.home import CONFIG, Home


def test_a_good_configuration_is_counted(tmp_path: Path) -> None:
    home = Home(tmp_path)
    done = home.run("check")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{home.config}: 3 consoles, no problems\n", "")


def test_every_problem_is_said_at_once_with_its_place(tmp_path: Path) -> None:
    home = Home(tmp_path, CONFIG + 'adress = "x"\n[consoles.server44]\naddress = 7\n')
    done = home.run("check")
    assert (done.returncode, done.stdout) == (2, "")
    line = len(CONFIG.splitlines()) + 1
    assert f"solmux.toml:{line}:1: consoles.quiet.adress: unknown key" in done.stderr
    assert f"solmux.toml:{line + 2}:1: consoles.server44.address: " in done.stderr


def test_a_file_that_is_no_toml_or_not_there_is_a_problem(tmp_path: Path) -> None:
    home = Home(tmp_path, "[consoles\n")
    done = home.run("check")
    assert done.returncode == 2
    assert "solmux.toml:1:" in done.stderr
    home.config.unlink()
    done = home.run("check")
    assert done.returncode == 2
    assert str(home.config) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_password_file_that_others_may_read_is_a_problem_unless_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.password.chmod(0o644)
    done = home.run("check")
    assert (done.returncode, done.stdout) == (2, "")
    assert str(home.password) in done.stderr
    assert "secret12" not in done.stderr
    assert home.run("check", "--no-secrets").returncode == 0


def test_serve_says_what_check_says_and_starts_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path, CONFIG + "nonsense = 1\n")
    done = home.run("serve")
    assert (done.returncode, done.stdout) == (2, "")
    assert "consoles.quiet.nonsense: unknown key" in done.stderr
    assert not (tmp_path / "run").exists()


def test_that_nobody_can_log_in_is_a_warning(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.keys.write_text("")
    done = home.run("check")
    assert done.returncode == 0
    assert done.stderr == f"warning: nobody can log in over SSH: no key in {home.keys}\n"
    home.keys.unlink()
    assert str(home.keys) in home.run("check").stderr
