import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from okx_core.errors import OkxSignalError
from okx_simulator.protocol.credentials import AccountKey, account_key_from
from okx_simulator.server.cli import build_tape, chosen_pairs, main


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "okx_simulator", "--port", "0", "--admin-port", "0"]
    command += ["--home", str(tmp_path), "--clock", "fixed:2023-01-01T00:00:00Z", "--pairs", "BTC-USDT"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"exchange (\S+)", line)
    assert found, process.communicate()[1]
    answer = requests.get(f"{found[1]}/api/v5/public/time", timeout=10).json()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert answer["data"] == [{"ts": "1672531200000"}]
    assert [process.returncode, errors] == [0, ""]


def test_help_teaches_and_loads_nothing_heavy() -> None:
    code = "import sys; from okx_simulator.server.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print('loaded', sorted({'pandas', 'numba', 'starlette', 'uvicorn'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "okxsignal simulator --tape candles.parquet" in shown
    assert '{"mode": "step", "by_seconds": 3600}' in shown
    assert shown.splitlines()[-1] == "loaded []"


def test_a_taken_port_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", "0", "--admin-port", str(port), "--home", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert f"port {port}" in message
    assert "--admin-port" in message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--clock", "later"], "'later'"),
        (["--tape", "/nowhere/tape.parquet"], "/nowhere/tape.parquet"),
        (["--strength", "nan"], "--strength nan"),
        (["--from", "2024-01-02", "--to", "2024-01-01"], "--from 2024-01-02"),
        (["--from", "soon"], "'soon'"),
        (["--to", "2019-01-01"], "--to 2019-01-01"),
        (["--pairs", "btc"], "'btc'"),
        (["--pairs", "BTC-USDT,BTC-USDT"], "BTC-USDT twice"),
        (["--balance", "lots"], "'lots'"),
        (["--balance", "-1"], "--balance -1"),
    ],
)
def test_bad_options_end_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], named: str
) -> None:
    assert main(["--home", str(tmp_path), "--port", "0", "--admin-port", "0", *options]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert named in message
    assert message.count("\n") == 1


def test_pairs_may_be_names_or_a_number() -> None:
    assert chosen_pairs(None) is None
    assert chosen_pairs("ETH-USDT, BTC-USDT") == ("ETH-USDT", "BTC-USDT")
    assert len(chosen_pairs("50") or ()) == 50
    assert build_tape(pairs=("BTC-USDT",), start="2024-01-01", end="2024-01-02").end_hour == 473_376


def test_the_account_key_is_fixed_unless_all_three_parts_are_given() -> None:
    assert account_key_from({}) == AccountKey()
    full = {"OKX_SIMULATOR_KEY": "k", "OKX_SIMULATOR_SECRET": "s", "OKX_SIMULATOR_PASSPHRASE": "p"}
    assert account_key_from(full) == AccountKey("k", "s", "p")
    assert "s'" not in repr(AccountKey("k", "s", "p"))
    with pytest.raises(OkxSignalError, match="OKX_SIMULATOR_SECRET"):
        account_key_from({"OKX_SIMULATOR_KEY": "k"})
