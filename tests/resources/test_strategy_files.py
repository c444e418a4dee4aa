"""A user's strategy is one file; what is wrong with it is said with file and line."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from okx_core.decisions.protections import DEFAULT_PROTECTIONS
from okx_core.strategies.lookahead import require_no_lookahead
from okx_core.strategies.panel import Panel
from okx_core.strategies.ranges import Range
from okx_core.strategies.strategy import StrategyError
from resources.strategy_files import TEMPLATE, find_strategy, load_strategy, new_strategy, strategy_files


def written(home: Path, text: str, name: str = "mine") -> Path:
    path = home / "strategies" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_the_template_is_a_strategy_in_less_than_forty_lines(tmp_path: Path) -> None:
    path = new_strategy(tmp_path, "mine")
    assert len(TEMPLATE.splitlines()) < 40
    assert strategy_files(tmp_path) == {"mine": path}
    strategy = find_strategy(tmp_path, "mine")
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, (300, 5)), axis=0))
    panel = Panel(tuple("ABCDE"), 0, *[close] * 5, columns={"z_score_48": close - 100.0})
    wants = require_no_lookahead(strategy, strategy.spec({}), panel)
    assert (~np.isnan(wants.score)).sum(axis=1).max() == 3


def test_a_file_declares_what_is_varied(tmp_path: Path) -> None:
    strategy = load_strategy(written(tmp_path, TEMPLATE))
    assert strategy.ranges == {"hours": Range(24, 240, log=True), "top": Range(1, 6)}


def test_the_version_is_that_of_the_content(tmp_path: Path) -> None:
    first = load_strategy(written(tmp_path, TEMPLATE)).spec({}).version
    assert load_strategy(written(tmp_path, TEMPLATE)).spec({}).version == first
    assert load_strategy(written(tmp_path, TEMPLATE + "# changed\n")).spec({}).version != first


def test_protections_are_on_and_the_file_changes_those_that_it_names(tmp_path: Path) -> None:
    text = "PROTECTIONS = {'daily_trades': None, 'cooldown_hours': 9}\ndef decide(p, g): ...\n"
    found = load_strategy(written(tmp_path, text)).protections
    assert found == replace(DEFAULT_PROTECTIONS, daily_trades=None, cooldown_hours=9)


@pytest.mark.parametrize("name", ["my strategy", "../mine", "", "class", "momentum"])
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StrategyError, match="name"):
        new_strategy(tmp_path, name)
    assert strategy_files(tmp_path) == {}


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    written(tmp_path, "# precious\n")
    with pytest.raises(StrategyError, match=r"is there already: .*mine\.py"):
        new_strategy(tmp_path, "mine")


def test_an_unknown_strategy_says_which_there_are(tmp_path: Path) -> None:
    written(tmp_path, TEMPLATE)
    with pytest.raises(
        StrategyError, match=r"no strategy other; there are model, .*mine.*strategy new other"
    ):
        find_strategy(tmp_path, "other")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("def decide(panel, given:\n", r"mine\.py, line 1: "),
        ("import no_such_module_anywhere\n", r"mine\.py cannot be loaded: ModuleNotFoundError.*line 1"),
        ("x = 1\n", r"has no function decide\(panel, given\)"),
        ("PARAMETERS = [1]\ndef decide(p, g): ...\n", "PARAMETERS is list, give names with numbers"),
        ("PARAMETERS = {'a': 'b'}\ndef decide(p, g): ...\n", r"PARAMETERS\['a'\] is 'b', give a number"),
        ("RULES = {'hours': 1}\ndef decide(p, g): ...\n", "RULES has no hours; it has "),
        ("EXITS = {'stop_pct': -1}\ndef decide(p, g): ...\n", r"mine\.py: stop_pct is -1"),
        ("PROTECTIONS = {'daily_trades': 0}\ndef decide(p, g): ...\n", r"mine\.py: daily_trades is 0"),
        ("RULES = {'sizing': 'half'}\ndef decide(p, g): ...\n", r"mine\.py: sizing is half: choose one of"),
        ("RULES = {'max_positions': 'two'}\ndef decide(p, g): ...\n", r"RULES\['max_positions'\] is 'two'"),
        ("PROTECTIONS = {'trades': 1}\ndef decide(p, g): ...\n", "PROTECTIONS has no trades; it has "),
        ("RANGES = [1]\ndef decide(p, g): ...\n", r"RANGES is list, give names with \(low, high\)"),
        ("RANGES = {'hours': (1, 2)}\ndef decide(p, g): ...\n", "RANGES has hours, which is no parameter"),
        (
            "RANGES = {'stop_pct': 3}\ndef decide(p, g): ...\n",
            r"RANGES\['stop_pct'\] is 3, give \(low, high\)",
        ),
        ("RANGES = {'stop_pct': (3, 1)}\ndef decide(p, g): ...\n", "the range 3:1 holds no values"),
        ("COLUMNS = 'adx'\ndef decide(p, g): ...\n", r"COLUMNS is 'adx', give names in brackets"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_with_the_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(StrategyError, match=complaint):
        load_strategy(written(tmp_path, text))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("return panel.columns['none']", r"decide failed: KeyError: 'none', line 2"),
        ("return 1", "must return score"),
    ],
)
def test_a_decision_that_fails_names_file_and_line(tmp_path: Path, body: str, complaint: str) -> None:
    strategy = load_strategy(written(tmp_path, f"def decide(panel, given):\n    {body}\n"))
    grid = np.ones((3, 1))
    with pytest.raises(StrategyError, match=complaint):
        strategy.decide(Panel(("A",), 0, *[grid] * 5, columns={}), {})
