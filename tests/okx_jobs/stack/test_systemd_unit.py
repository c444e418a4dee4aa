"""The unit that `okxsignal service` writes: an ordered stop, and words that systemd reads as they are meant."""

import configparser
from pathlib import Path

import pytest

from okx_jobs.stack.systemd_unit import unit_name, unit_text
from resources.config.settings import Settings


def read(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


@pytest.mark.parametrize(("for_root", "target"), [(True, "multi-user.target"), (False, "default.target")])
def test_it_stops_in_order_and_does_not_repeat_a_wrong_setting(for_root: bool, target: str) -> None:
    unit = read(unit_text(Path("/srv/okx"), for_root=for_root))
    service = unit["Service"]
    assert service["ExecStart"].endswith('okxsignal" --home "/srv/okx" up')
    assert (service["KillMode"], service["KillSignal"]) == ("mixed", "SIGTERM")
    assert float(service["TimeoutStopSec"]) > 60
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("on-failure", "2")
    assert unit["Install"]["WantedBy"] == target


def test_a_path_of_strange_characters_is_one_word() -> None:
    text = unit_text(Path('/a b/100%/$HOME/"x"'), for_root=True)
    assert '--home "/a b/100%%/$$HOME/\\"x\\"" up' in text


def test_each_home_has_a_unit_of_its_own() -> None:
    assert unit_name(Settings().home) == "okxsignal.service"
    assert unit_name(Path("/srv/My Home")) == "okxsignal-srv-my-home.service"


def test_the_command_writes_it_where_systemd_looks_and_names_settings_of_this_shell(shell) -> None:
    shown = shell("service", "--print", MODE="paper")
    assert (shown.code, "ExecStart=" in shown.out) == (0, True)
    assert not (shell.directory / ".config").exists()


def test_as_a_user_it_is_written_to_the_users_units(monkeypatch, tmp_path: Path) -> None:
    from io import StringIO

    from rich.console import Console

    from okx_jobs.stack import systemd_unit

    monkeypatch.setattr(systemd_unit.os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OKXSIGNAL_ALERT_WEBHOOK", "https://to-hide")
    text = StringIO()
    systemd_unit.write_unit(Settings(home=tmp_path / "home"), Console(file=text, width=200), only_print=False)
    (unit,) = (tmp_path / ".config/systemd/user").iterdir()
    assert f"written: {unit}" in text.getvalue()
    assert f"systemctl --user daemon-reload && systemctl --user enable --now {unit.name}" in text.getvalue()
    assert "write OKXSIGNAL_ALERT_WEBHOOK" in text.getvalue()
    assert "to-hide" not in text.getvalue() + unit.read_text()
