"""Bad input at the command line: code 2, one clear message on stderr, no traceback, nothing half-written."""

import errno
import signal
import time
from pathlib import Path

import click
import pandas as pd
import psutil
import psycopg
import pytest

from okx_core.errors import OkxSignalError
from okx_jobs.cli import options
from okx_jobs.cli.main import cli

SECRETS = {
    "OKX_API_KEY": "key-to-hide",
    "OKX_API_SECRET": "secret-to-hide",
    "OKX_PASSPHRASE": "phrase-to-hide",
}


def message_of(answer) -> str:
    """The one line of the refusal."""
    assert answer.code == 2, answer
    assert "Traceback" not in answer.err + answer.out
    assert len(answer.err.splitlines()) == 1, answer.err
    assert "to-hide" not in answer.err + answer.out
    return answer.err.removeprefix("okxsignal: ").strip()


def left_behind(home: Path) -> list[str]:
    """What a refused command left in the home."""
    return sorted(path.name for path in home.rglob("*") if path.is_file()) if home.exists() else []


def candle_file(path: Path, weeks: int = 15) -> Path:
    hours = pd.date_range("2024-01-01", periods=weeks * 168, freq="h", tz="UTC")
    bars = pd.DataFrame({"timestamp_utc": hours}).assign(open=1.0, high=1.1, low=0.9, close=1.0, volume=5.0)
    frames = [bars.assign(pair=pair) for pair in ("AAA-USDT", "BBB-USDT", "CCC-USDT", "DDD-USDT")]
    pd.concat(frames).to_parquet(path)
    return path


class TestSettings:
    def test_an_unknown_mode(self, shell) -> None:
        message = message_of(shell("status", MODE="turbo"))
        assert "OKXSIGNAL_MODE=turbo" in message
        assert "choose one of simulated, paper, demo, live" in message
        assert left_behind(shell.home) == []

    def test_live_without_the_first_opt_in(self, shell) -> None:
        message = message_of(shell("run-hour", MODE="live", **SECRETS))
        assert "set OKXSIGNAL_ALLOW_LIVE=yes" in message
        assert left_behind(shell.home) == []

    def test_live_without_the_second_opt_in(self, shell) -> None:
        message = message_of(shell("up", MODE="live", ALLOW_LIVE="yes", **SECRETS))
        assert "okxsignal arm" in message
        assert left_behind(shell.home) == []

    def test_a_database_that_does_not_answer(self, shell) -> None:
        url = "postgresql://okx:pw-to-hide@127.0.0.1:1/okxsignal"
        message = message_of(shell("run-hour", DATABASE_URL=url))
        assert "postgresql://okx:***@127.0.0.1:1" in message
        assert "correct OKXSIGNAL_DATABASE_URL, or unset it" in message
        assert left_behind(shell.home) == []

    def test_a_database_url_of_another_kind(self, shell) -> None:
        message = message_of(shell("demo", DATABASE_URL="mysql://okx:pw-to-hide@host/db"))
        assert "OKXSIGNAL_DATABASE_URL: not of the form postgresql://" in message


class TestTapes:
    def test_a_missing_file(self, shell) -> None:
        message = message_of(shell("demo", "--tape", "nowhere.parquet"))
        assert message == "--tape nowhere.parquet: there is no such file"
        assert left_behind(shell.home) == []

    @pytest.mark.parametrize("ending", ["csv", "feather", "parquet"])
    def test_a_file_of_another_kind_is_answered_with_the_command_that_reads_it(
        self, shell, ending: str
    ) -> None:
        file = shell.directory / f"my tape.{ending}"
        rows = pd.read_parquet(candle_file(shell.directory / "tape.parquet"))
        rows = rows.rename(columns={"timestamp_utc": "date", "volume": "vol"})
        write = {"csv": rows.to_csv, "feather": rows.to_feather, "parquet": rows.to_parquet}[ending]
        write(file, **({"index": False} if ending == "csv" else {}))
        message = message_of(shell("demo", "--tape", file.name))
        assert f"make a tape of it with `okxsignal import '{file.name}'`" in message.replace(
            f"{shell.directory}/", ""
        )
        answer = shell("import", file.name, "--out", "made.parquet")
        assert answer.code == 0, answer.err
        assert "column date read as timestamp_utc" in answer.out
        assert "Next: okxsignal demo --tape made.parquet" in answer.out
        again = shell("import", file.name, "--out", "made.parquet")
        assert "made.parquet is there already: remove it, or name another file with --out" in message_of(
            again
        )

    def test_prices_in_text_are_refused_with_the_remedy(self, shell) -> None:
        tape = shell.directory / "tape.parquet"
        rows = pd.read_parquet(candle_file(tape))
        rows.assign(close=rows["close"].map(str)).to_parquet(tape)
        message = message_of(shell("demo", "--tape", str(tape)))
        assert "column close is" in message
        assert "okxsignal import" in message

    def test_a_pair_that_the_file_has_not_got(self, shell) -> None:
        tape = candle_file(shell.directory / "tape.parquet")
        message = message_of(shell("demo", "--tape", str(tape), "--pairs", "AAA-USDT,ZZZ-USDT"))
        assert "has no bar of ZZZ-USDT" in message
        assert "it has AAA-USDT, BBB-USDT, CCC-USDT" in message
        assert left_behind(shell.home) == []

    def test_a_bar_whose_high_is_below_its_low(self, shell) -> None:
        tape = candle_file(shell.directory / "tape.parquet")
        rows = pd.read_parquet(tape)
        rows.loc[700, "high"] = 0.5
        rows.to_parquet(tape)
        message = message_of(shell("demo", "--tape", str(tape)))
        assert "high is below low" in message
        assert "AAA-USDT" in message
        assert "correct or remove that row" in message
        assert "services.json" not in left_behind(shell.home)


class TestOptions:
    def test_a_stretch_too_short_to_train_on(self, shell) -> None:
        message = message_of(shell("demo", "--days", "30"))
        assert "too short" in message
        assert "take at least 98 days" in message

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--days", "0"), "--days 0 is no length: take at least 98 days"),
            (("--days", "-3"), "--days -3 is no length: take at least 98 days"),
            (("--from", "2100-01-01"), "the end of the last closed hour: begin earlier"),
            (("--from", "2024-06-01", "--to", "2024-01-01"), "swap them"),
            (("--pairs", "BTC-USDT"), "needs at least 4 pairs"),
            (("--pairs", "BTC-USDT,ETH-USDT,BTC-USDT"), "BTC-USDT is there twice; keep one"),
        ],
    )
    def test_what_cannot_be_demonstrated_is_refused_at_once_with_what_to_do(
        self, shell, options, words: str
    ) -> None:
        message = message_of(shell("demo", *options))
        assert words in message
        assert "backfill" not in message
        assert left_behind(shell.home) == []

    def test_a_taken_port_is_named_with_its_setting_and_nothing_is_started(
        self, shell, taken_port: int
    ) -> None:
        message = message_of(shell("up", DAGSTER_PORT=str(taken_port)))
        assert f"port {taken_port} for dagster is taken" in message
        assert "set OKXSIGNAL_DAGSTER_PORT to a free port" in message
        assert set(left_behind(shell.home)) <= {"workspace.yaml"}

    def test_a_home_that_is_a_file(self, shell) -> None:
        shell.home.write_text("")
        answer = shell("status")
        assert "is not a directory; choose another home" in message_of(answer)


class TestRefusedOptions:
    """A wrong option is named with its remedy and leaves nothing behind."""

    @pytest.mark.parametrize("strength", ["7", "-1", "nan", "inf", "much"])
    def test_a_refused_option_does_not_poison_the_home(self, shell, strength: str) -> None:
        answer = shell("demo", f"--strength={strength}")
        assert answer.code == 2
        assert "Invalid value for '--strength'" in answer.err.splitlines()[-1]
        assert left_behind(shell.home) == []

    @pytest.mark.parametrize("option", ["--strength=2", "--seed=3"])
    def test_an_option_of_the_synthetic_market_beside_a_tape(
        self, shell, tmp_path: Path, option: str
    ) -> None:
        tape = tmp_path / "tape.parquet"
        tape.write_text("")
        message = message_of(shell("demo", "--tape", str(tape), option))
        assert "is of the synthetic market: leave it out, or leave out --tape" in message

    def test_more_days_than_the_calendar_has(self, shell) -> None:
        message_of(shell("demo", "--days", "1000000"))

    def test_days_before_the_first_partition(self, shell) -> None:
        message = message_of(shell("demo", "--from", "2018-01-01", "--to", "2018-06-01"))
        assert "CheckError" not in message
        assert "2020-01-01" in message

    def test_a_taken_admin_port_is_named_with_its_setting(self, shell, taken_port: int) -> None:
        message = message_of(shell("up", SIMULATOR_ADMIN_PORT=str(taken_port)))
        assert "OKXSIGNAL_SIMULATOR_ADMIN_PORT" in message


class TestBeforeAnythingRuns:
    def test_a_home_after_the_command_is_refused_with_the_right_order(self, shell) -> None:
        answer = shell("demo", "--home", "elsewhere")
        assert answer.code == 2
        assert "okxsignal --home DIR COMMAND" in answer.err
        assert "Did you mean" not in answer.err

    def test_down_and_doctor_answer_in_a_home_that_does_not_exist(self, shell) -> None:
        down = shell("down")
        assert (down.code, down.err) == (0, "")
        assert "nothing was running" in down.out
        doctor = shell("--home", "not/made/yet", "doctor")
        assert doctor.err == ""
        assert "simulated synthetic seed=7" in doctor.out
        assert "the simulator starts with `okxsignal up`" in doctor.out

    def test_help_lists_the_commands_in_the_order_a_newcomer_needs_them(self) -> None:
        names = cli.list_commands(click.Context(cli))
        assert names[:3] == ["demo", "up", "down"]
        assert set(names) == set(cli.commands)

    @pytest.mark.parametrize("name", list(cli.commands))
    def test_every_command_and_option_says_what_it_does(self, name: str) -> None:
        command = cli.commands[name]
        assert len(command.help or "") > 20
        for option in command.params:
            assert option.param_type_name == "argument" or option.help, option.name


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OkxSignalError("x is wrong: do y"), "x is wrong: do y"),
        (OSError(errno.ENOSPC, "No space left on device"), "cannot write: the disk is full; free space"),
        (OSError(errno.ENOSPC, "No space", "/home/x"), "cannot write /home/x: the disk is full"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/home/x"),
            "cannot use /home/x: Permission denied; give",
        ),
        (
            psycopg.errors.DiskFull("could not extend file: No space left on device"),
            "its disk is full: could not",
        ),
        (
            psycopg.OperationalError("server closed\n\tthe connection"),
            "ended the work: server closed the connection;",
        ),
        (ValueError("a fault of ours"), None),
        (OSError("a fault of ours"), None),
    ],
)
def test_a_failure_is_one_line_with_a_remedy_and_a_fault_of_ours_shows_itself(
    error, words: str | None
) -> None:
    said = options.words_of(error)
    assert (words or "") in (said or "")
    assert (said is None) == (words is None)
    assert "\n" not in (said or "")


class TestInterrupted:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_stopped_command_says_that_nothing_is_lost_and_leaves_no_process(self, shell, number) -> None:
        process = shell.start("demo", "--days", "105")
        deadline = time.monotonic() + 60
        while not (shell.home / "services.json").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        _, message = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "run the command again to go on" in message
        assert "Traceback" not in message
        gone, alive = psutil.wait_procs(children, timeout=20)
        assert gone
        assert alive == []


class TestSimulator:
    def test_the_command_is_the_exchange_s_own(self, shell) -> None:
        answer = shell("simulator", "--help")
        assert answer.code == 0
        assert answer.out.startswith("usage: okxsignal simulator")

    def test_its_errors_are_passed_on(self, shell) -> None:
        answer = shell("simulator", "--clock", "later", "--home", str(shell.home / "exchange"))
        assert answer.code == 2
        assert "unknown clock 'later'" in answer.err
