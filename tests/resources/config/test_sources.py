"""Which value wins, which line is refused, and what the message names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from resources.config.settings import MARKET_FILE, Mode, files_read, found_values, load_settings

Give = Callable[..., None]
Refusal = Callable[[], str]


@pytest.mark.usefixtures("give")
class TestWhereValuesComeFrom:
    def test_a_home_remembers_its_market(self, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / MARKET_FILE).write_text(
            "OKXSIGNAL_PAIRS='XRP-USDT, ada-usdt'\nOKXSIGNAL_TAPE_SEED='9'\n"
        )
        settings = load_settings()
        assert settings.market.pairs == ("XRP-USDT", "ADA-USDT")
        assert settings.tape_seed == 9

    def test_the_market_of_the_home_beats_dotenv_and_the_environment_beats_both(
        self, give: Give, tmp_path: Path
    ) -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / ".env").write_text("OKXSIGNAL_TAPE_SEED=1\nOKXSIGNAL_DAGSTER_PORT=4000\n")
        assert (load_settings().tape_seed, load_settings().dagster_port) == (1, 4000)
        (tmp_path / "home" / MARKET_FILE).write_text("OKXSIGNAL_TAPE_SEED='2'\n")
        assert (load_settings().tape_seed, load_settings().dagster_port) == (2, 4000)
        give(TAPE_SEED="3")
        assert (load_settings().tape_seed, load_settings().dagster_port) == (3, 4000)

    def test_dotenv_may_say_where_the_home_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OKXSIGNAL_HOME")
        (tmp_path / ".env").write_text(f"OKXSIGNAL_HOME={tmp_path / 'elsewhere'}\n")
        assert load_settings().home == tmp_path / "elsewhere"

    def test_a_home_may_be_relative(self, give: Give, tmp_path: Path) -> None:
        give(HOME="here/../there")
        assert load_settings().home == tmp_path / "there"

    def test_a_variable_in_lower_case_counts_too_and_upper_case_wins(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("okxsignal_tape_seed", "4")
        assert load_settings().tape_seed == 4
        monkeypatch.setenv("OKXSIGNAL_TAPE_SEED", "5")
        assert load_settings().tape_seed == 5

    def test_a_changed_environment_counts_at_once(self, give: Give) -> None:
        give(TAPE_SEED="1")
        assert load_settings().tape_seed == 1
        give(TAPE_SEED="2")
        assert load_settings().tape_seed == 2

    def test_dotenv_is_read_once_per_process(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("OKXSIGNAL_TAPE_SEED=1\n")
        assert load_settings().tape_seed == 1
        (tmp_path / ".env").write_text("OKXSIGNAL_TAPE_SEED=2\n")
        assert load_settings().tape_seed == 1

    def test_each_value_knows_its_place(self, give: Give, tmp_path: Path) -> None:
        give(DAGSTER_PORT="4000")
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / MARKET_FILE).write_text("OKXSIGNAL_TAPE_SEED='2'\n")
        (tmp_path / ".env").write_text("# ports\n\nexport OKXSIGNAL_MLFLOW_PORT=4001\n")
        found = found_values()
        assert {name: found[name].source for name in ("dagster_port", "tape_seed", "mlflow_port")} == {
            "dagster_port": "environment", "tape_seed": MARKET_FILE, "mlflow_port": ".env",
        }  # fmt: skip
        assert found["mlflow_port"].place == f"{tmp_path / '.env'} line 3"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of this test's own, which is not the current one."""
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.setattr("resources.config.sources.PROJECT", project)
    return project


@pytest.mark.usefixtures("give")
class TestEveryDotenvCounts:
    def test_the_projects_counts_wherever_the_command_is_started(
        self, project: Path, tmp_path: Path, monkeypatch
    ) -> None:
        (project / ".env").write_text("OKXSIGNAL_MODE=paper\n")
        for name in ("here", "there"):
            (tmp_path / name).mkdir()
            monkeypatch.chdir(tmp_path / name)
            assert load_settings().mode is Mode.PAPER

    def test_the_homes_counts_and_beats_the_current_folders_which_beats_the_projects(
        self, project: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "home").mkdir()
        (project / ".env").write_text(
            "OKXSIGNAL_TAPE_SEED=1\nOKXSIGNAL_MLFLOW_PORT=1\nOKXSIGNAL_DAGSTER_PORT=1\n"
        )
        (tmp_path / ".env").write_text("OKXSIGNAL_TAPE_SEED=2\nOKXSIGNAL_MLFLOW_PORT=2\n")
        (tmp_path / "home" / ".env").write_text("OKXSIGNAL_TAPE_SEED=3\n")
        settings = load_settings()
        assert (settings.tape_seed, settings.mlflow_port, settings.dagster_port) == (3, 2, 1)
        (tmp_path / "home" / MARKET_FILE).write_text("OKXSIGNAL_TAPE_SEED='4'\n")
        assert load_settings().tape_seed == 4
        assert files_read(settings.home) == [
            project / ".env", tmp_path / ".env", tmp_path / "home" / ".env", tmp_path / "home" / MARKET_FILE,
        ]  # fmt: skip

    def test_a_relative_path_is_relative_to_the_file(self, project: Path, monkeypatch) -> None:
        monkeypatch.delenv("OKXSIGNAL_HOME")
        (project / ".env").write_text("OKXSIGNAL_HOME=state\nOKXSIGNAL_TAPE=tapes/btc.parquet\n")
        settings = load_settings()
        assert settings.home == project / "state"
        assert settings.tape == str(project / "tapes" / "btc.parquet")

    def test_a_home_may_not_name_another_home(
        self, project: Path, tmp_path: Path, monkeypatch, refusal
    ) -> None:
        monkeypatch.delenv("OKXSIGNAL_HOME")
        (project / ".env").write_text(f"OKXSIGNAL_HOME={tmp_path / 'home'}\n")
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / ".env").write_text("OKXSIGNAL_HOME=/elsewhere\n")
        assert f"{tmp_path / 'home' / '.env'} line 1 sets OKXSIGNAL_HOME to another home" in refusal()

    @pytest.mark.parametrize(
        "name", ["OKX_SIGNAL_MAX_ORDER_QUOTE", "OKXSIGNL_MODE", "OKSIGNAL_ALERT_WEBHOOK"]
    )
    def test_a_misspelt_prefix_in_the_environment_is_refused(self, monkeypatch, refusal, name: str) -> None:
        monkeypatch.setenv(name, "value-to-hide")
        message = refusal()
        assert f"{name} in the environment is not a setting; the nearest is OKXSIGNAL_" in message
        assert "to-hide" not in message

    def test_variables_of_other_programs_pass(self, monkeypatch) -> None:
        for name in ("OKX_API_KEY", "OKX_SECRET", "OKTA_ORG", "OK", "KUBERNETES_PORT"):
            monkeypatch.setenv(name, "x")
        assert load_settings().mode is Mode.SIMULATED


@pytest.mark.usefixtures("give")
class TestUnknownNames:
    def test_a_variable_is_named_with_the_nearest_known_one(self, give: Give, refusal: Refusal) -> None:
        give(MAX_ASSETS_PCT="30")
        assert refusal().startswith(
            "OKXSIGNAL_MAX_ASSETS_PCT in the environment is not a setting; the nearest is OKXSIGNAL_MAX_ASSET_PCT"
        )

    def test_a_line_of_dotenv_is_named_with_file_and_number(self, refusal: Refusal, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("# mine\nOKXSIGNAL_MODE=simulated\nOKXSIGNAL_MODUS=live\n")
        message = refusal()
        assert f"OKXSIGNAL_MODUS in {tmp_path / '.env'} line 3 is not a setting" in message
        assert "the nearest is OKXSIGNAL_MODE" in message
        assert "\n" not in message

    def test_a_line_of_the_market_file_is_refused_too(self, refusal: Refusal, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / MARKET_FILE).write_text("OKXSIGNAL_TAPES='x'\n")
        assert f"OKXSIGNAL_TAPES in {tmp_path / 'home' / MARKET_FILE} line 1" in refusal()

    def test_every_unknown_name_of_a_place_is_named_at_once(self, give: Give, refusal: Refusal) -> None:
        give(MODUS="x", TAPES="y")
        assert all(name in refusal() for name in ("OKXSIGNAL_MODUS", "OKXSIGNAL_TAPES"))

    def test_a_misspelt_prefix_in_dotenv_is_refused(self, refusal: Refusal, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("OKXSIGNL_MAX_ASSET_PCT=30\n")
        assert "the nearest is OKXSIGNAL_MAX_ASSET_PCT" in refusal()

    def test_a_line_for_another_program_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("AWS_SECRET_ACCESS_KEY=x\nCOMPOSE_PROJECT_NAME=okx\n")
        assert load_settings().tape_seed == 7

    def test_a_value_is_not_shown(self, give: Give, refusal: Refusal) -> None:
        give(OKX_SECRET="value-to-hide")
        assert "to-hide" not in refusal()

    @pytest.mark.parametrize("line", ["OKXSIGNAL_MODE", "mode is paper"])
    def test_a_line_that_assigns_nothing_is_refused(
        self, refusal: Refusal, tmp_path: Path, line: str
    ) -> None:
        (tmp_path / ".env").write_text(f"OKXSIGNAL_TAPE_SEED=1\n\n{line}\n")
        assert refusal().startswith(f"{tmp_path / '.env'} line 3 is not of the form NAME=value")


def test_a_wrong_value_in_a_file_is_named_with_its_line(refusal: Refusal, tmp_path: Path, give: Give) -> None:
    give()
    (tmp_path / ".env").write_text("OKXSIGNAL_DAGSTER_PORT=web\n")
    assert f"(correct it in {tmp_path / '.env'} line 1)" in refusal()


@pytest.mark.usefixtures("give")
class TestAFileThatSaysSomethingElseThanItSeems:
    def test_it_is_not_utf_8(self, tmp_path: Path, refusal: Refusal) -> None:
        (tmp_path / ".env").write_bytes("OKXSIGNAL_MODE=paper\n".encode("utf-16"))
        assert f"{tmp_path / '.env'} is not UTF-8 text at byte 0: save it as UTF-8" in refusal()

    def test_a_byte_order_mark_of_utf_8_is_no_part_of_the_first_name(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("OKXSIGNAL_TAPE_SEED=4\n", encoding="utf-8-sig")
        assert load_settings().tape_seed == 4

    @pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("absent")])
    def test_it_is_a_folder_or_a_link_to_nothing(self, tmp_path: Path, refusal: Refusal, make) -> None:
        make(tmp_path / ".env")
        assert f"{tmp_path / '.env'} is no file that can be read" in refusal()

    def test_a_setting_is_there_twice(self, tmp_path: Path, refusal: Refusal) -> None:
        (tmp_path / ".env").write_text("OKXSIGNAL_MAX_ASSET_PCT=5\n\nOKXSIGNAL_MAX_ASSET_PCT=50\n")
        message = refusal()
        assert f"is set in {tmp_path / '.env'} line 1 and again in {tmp_path / '.env'} line 3" in message

    def test_a_setting_is_there_twice_in_other_letters(self, tmp_path: Path, refusal: Refusal) -> None:
        (tmp_path / ".env").write_text("OKXSIGNAL_MODE=simulated\nokxsignal_Mode=paper\n")
        assert f"again in {tmp_path / '.env'} line 2, as okxsignal_Mode: keep one" in refusal()

    @pytest.mark.parametrize("name", ["MODE", "ALERT_WEBHOOK", "MAX_ORDER_QUOTE"])
    def test_the_prefix_is_missing(self, tmp_path: Path, refusal: Refusal, name: str) -> None:
        (tmp_path / ".env").write_text(f"{name}=x\n")
        assert f"lacks the prefix: write OKXSIGNAL_{name}" in refusal()

    @pytest.mark.parametrize("name", ["HOME", "DATABASE_URL", "PATH"])
    def test_a_line_for_another_program_is_left_alone(self, tmp_path: Path, name: str) -> None:
        (tmp_path / ".env").write_text(f"{name}=x\nOKXSIGNAL_TAPE_SEED=4\n")
        assert load_settings().tape_seed == 4
