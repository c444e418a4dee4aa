"""`okxsignal tune`: its help teaches, and mistakes are named before a service is started."""

import pytest
from click.testing import CliRunner

from okx_core.errors import OkxSignalError
from okx_jobs.cli.main import cli
from okx_jobs.cli.research.strategy_commands import tune


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("OKXSIGNAL_HOME", str(tmp_path))


def test_its_help_says_how_it_chooses_and_that_it_changes_nothing() -> None:
    text = " ".join(CliRunner().invoke(tune, ["--help"]).output.split())
    for words in (
        "--vary hours=168:1344:log", "--budget INTEGER", "tried on the hours before it",
        'The answer is often "do nothing"', "it goes on", "counts as a trial", "places no order",
    ):  # fmt: skip
        assert words in text
    assert "better parameters of a strategy" in CliRunner().invoke(cli, ["--help"]).output


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["--strategy", "momentun"], "no strategy momentun; there are model, momentum"),
        (["--vary", "hour=3:9"], "no parameter hour; did you mean hours"),
        (
            ["--vary", "hours=9:3"],
            "--vary hours=9:3: the range 9:3 holds no values: give two numbers LOW:HIGH",
        ),
        (["--vary", "hours"], "--vary 'hours': give NAME=LOW:HIGH"),
        (["--vary", "top=1.5:2"], "parameter top is 1.5: give a whole number"),
        (["--param", "top=2", "--vary", "top=1:3"], "top is fixed by --param and varied by --vary"),
        (["--budget", "0"], "--budget is 0: give the number of variants to try"),
        (["--capital", "nan"], "--capital is nan: give an amount above 0"),
    ],
)
def test_a_mistake_names_value_and_remedy(given, complaint) -> None:
    result = CliRunner().invoke(tune, ["--strategy", "momentum", *given])
    assert isinstance(result.exception, OkxSignalError)
    assert complaint in str(result.exception)
