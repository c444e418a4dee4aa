"""`okxsignal config` and the pages of settings show every declared setting, and no secret."""

import json
from pathlib import Path

import pytest
from dotenv import dotenv_values

from okx_jobs.cli.settings_guide import PAGES
from resources.config.declarations import PROJECT, declarations

SECRETS = {
    "OKX_API_KEY": "key-to-hide",
    "OKX_API_SECRET": "secret-to-hide",
    "OKX_PASSPHRASE": "phrase-to-hide",
    "DATABASE_URL": "postgresql://okx:password-to-hide@db.example/okxsignal",
    "STORE_URL": "s3://user:part-to-hide@bucket",
    "STORE_OPTIONS": '{"secret": "option-to-hide"}',
    "ALERT_WEBHOOK": "https://hooks.example/token-to-hide",
}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    assert (PROJECT / name).read_text(encoding="utf-8") == PAGES[name](), (
        "run `okxsignal config --write-docs`"
    )


def test_every_setting_is_on_both_pages_with_its_meaning() -> None:
    page, example = (page() for page in PAGES.values())
    settings = list(declarations())
    assert len(settings) > 20
    for declared in settings:
        assert f"| `{declared.variable}` |" in page
        assert f"#{declared.variable}={declared.default}\n" in example
        assert declared.meaning.endswith(".")
        assert declared.meaning in page
        assert declared.form


def test_the_example_with_every_line_in_force_is_valid(shell) -> None:
    lines = PAGES[".env.example"]().splitlines()
    text = "\n".join(line.removeprefix("#") if line.startswith("#OKX") else line for line in lines)
    (shell.directory / ".env").write_text(text)
    assert len(dotenv_values(shell.directory / ".env")) == len(list(declarations()))
    answer = shell("config", "--json")
    assert answer.code == 0, answer.err
    assert {row["source"] for row in json.loads(answer.out)} == {"environment", ".env"}


class TestConfig:
    def test_the_table_shows_value_source_and_meaning(self, shell) -> None:
        (shell.directory / ".env").write_text("OKXSIGNAL_TAPE_SEED=12\n")
        out = shell("config", MIN_AGE_DAYS="14").out
        rows = {
            words[0]: words[1:4]
            for line in out.splitlines()
            if len(words := [part.strip() for part in line.strip("│ ").split("│")]) == 4
        }
        assert rows["OKXSIGNAL_TAPE_SEED"] == ["12", ".env", "Seed of the synthetic tape."]
        assert rows["OKXSIGNAL_MIN_AGE_DAYS"][:2] == ["14", "environment"]
        assert rows["OKXSIGNAL_MODE"][:2] == ["simulated", "default"]
        assert {declared.variable for declared in declarations()} <= set(rows)

    def test_secrets_are_masked_in_table_and_json(self, shell) -> None:
        for words in (("config",), ("config", "--json")):
            answer = shell(*words, MODE="demo", **SECRETS)
            assert answer.code == 0, answer.err
            assert "to-hide" not in answer.out + answer.err
            assert "postgresql://okx:***@db.example" in answer.out

    def test_json_names_the_place_of_a_value(self, shell) -> None:
        (shell.directory / ".env").write_text("\nOKXSIGNAL_TAPE_SEED=12\n")
        rows = {row["variable"]: row for row in json.loads(shell("config", "--json").out)}
        seed = rows["OKXSIGNAL_TAPE_SEED"]
        assert (seed["value"], seed["default"], seed["secret"]) == ("12", "7", False)
        assert seed["place"] == f"{Path(shell.directory, '.env').resolve()} line 2"

    def test_a_live_mode_without_its_opt_ins_can_be_looked_at(self, shell) -> None:
        assert shell("config", MODE="live").code == 0


class TestAnUnknownVariable:
    @pytest.mark.parametrize("words", [("config",), ("status",), ("down",), ("demo",)])
    def test_ends_every_command_that_reads_settings_with_one_line(self, shell, words) -> None:
        answer = shell(*words, MAX_ASSETPCT="30")
        assert (answer.code, len(answer.err.splitlines())) == (2, 1)
        assert "OKXSIGNAL_MAX_ASSETPCT in the environment is not a setting" in answer.err
        assert "the nearest is OKXSIGNAL_MAX_ASSET_PCT" in answer.err
        assert not shell.home.exists()
