"""Settings: where they come from, what is refused and in which words, and what never shows."""

from collections.abc import Callable

import pytest

from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules, RiskLimits
from resources.config.declarations import DEFAULT_PAIRS
from resources.config.settings import Mode, Settings, load_settings
from tests.resources.config.conftest import SECRETS

Give = Callable[..., None]
Refusal = Callable[[], str]


@pytest.mark.usefixtures("give")
def test_the_defaults_are_safe() -> None:
    settings = load_settings()
    assert settings.mode is Mode.SIMULATED
    assert settings.bind_host == "127.0.0.1"
    assert settings.exchange.url.startswith("http://127.0.0.1:")
    assert settings.market.pairs == tuple(DEFAULT_PAIRS.split(","))
    limits = ("max_asset_pct", "max_exposure_pct", "max_order_quote", "risk_per_trade_pct")
    assert [getattr(settings, name) for name in limits] == [None] * 4


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("MODE", "turbo", "choose one of simulated, paper, demo, live"),
        ("MODE", "LIVE", "choose one of simulated, paper, demo, live"),
        ("MODE", "", "choose one of simulated, paper, demo, live"),
        ("OKX_REGION", "mars", "choose one of global, eea, us"),
        ("DAGSTER_PORT", "web", "should be a valid integer"),
        ("DAGSTER_PORT", "70000", "should be less than or equal to 65535"),
        ("MLFLOW_PORT", "0", "should be greater than or equal to 1"),
        ("SIMULATOR_PORT", "-1", "should be greater than or equal to 1"),
        ("TAPE_SEED", "lucky", "should be a valid integer"),
        ("TAPE_STRENGTH", "much", "should be a valid number"),
        ("TAPE_STRENGTH", "nan", "should be less than or equal to 3"),
        ("TAPE_STRENGTH", "4", "should be less than or equal to 3"),
        ("TAPE_FROM", "soon", "should be a valid datetime"),
        ("PAIRS", " , ", "names no pair; write it like BTC-USDT,ETH-USDT"),
        ("MAX_ASSET_PCT", "nan", "should be"),
        ("MAX_ASSET_PCT", "1e9", "should be less than or equal to 100"),
        ("PAIRS", "BTC-USDT,,ETH-USDT", "nothing between two commas"),
        ("PAIRS", "BTC-USDT,btc-usdt", "BTC-USDT is there twice; keep one"),
        ("PAIRS", "BTC-USDT,eth/usdt", "'ETH/USDT' is no pair; write it like BTC-USDT,ETH-USDT"),
        ("QUOTE_CURRENCY", "usdt ", "not of the form USDT"),
        ("QUOTE_CURRENCY", "", "not of the form USDT"),
        ("OKX_URL", "foo", "not of the form https://www.okx.com"),
        ("OKX_URL", "https://", "not of the form https://www.okx.com"),
        ("OKX_URL", "https://proxy.example:99999", "not of the form https://www.okx.com"),
        ("OKX_STREAM_URL", "https://ws.okx.com", "not of the form wss://ws.okx.com:8443"),
        ("CLOCK", "foo", "not of the form real or fixed:2023-06-01T12:00:00Z"),
        ("CLOCK", "fixed:soon", "not of the form real or fixed:2023-06-01T12:00:00Z"),
        ("MAX_EXPOSURE_PCT", "-5", "should be greater than or equal to 0"),
        ("MAX_ORDER_QUOTE", "inf", "should be a finite number"),
        ("RISK_PER_TRADE_PCT", "high", "should be a valid number"),
        ("HOME", "/etc/passwd/home", "/etc/passwd is not a directory; choose another home"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_the_remedy(
    refusal: Refusal, give: Give, name: str, value: str, remedy: str
) -> None:
    give(**{name: value})
    message = refusal()
    assert f"OKXSIGNAL_{name}={value}: " in message
    assert remedy in message
    assert "(correct it in the environment)" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "url", ["foo", "https://", "http://@", "https://a b", "https://h:99999/x", "ftp://h/x"]
)
def test_a_webhook_of_another_form_is_refused(refusal: Refusal, give: Give, url: str) -> None:
    give(ALERT_WEBHOOK=url)
    assert "OKXSIGNAL_ALERT_WEBHOOK: not of the form https://host/path" in refusal()


@pytest.mark.parametrize("end", ["2023-01-01", "2023-01-01T00:00:00Z", "2022-12-31T23:00:00"])
def test_a_tape_ends_after_it_begins(refusal: Refusal, give: Give, end: str) -> None:
    give(TAPE_FROM="2023-01-01T00:00:00", TAPE_TO=end)
    assert "not after OKXSIGNAL_TAPE_FROM=2023-01-01T00:00:00" in refusal()


def test_a_least_turnover_of_zero_is_none(give: Give) -> None:
    give(MIN_TURNOVER_QUOTE="0")
    assert load_settings().universe_filter.min_turnover_quote == 0.0
    assert load_settings().decision_rules.min_turnover_quote == 0.0


def test_universe_and_gates_ask_for_the_same_turnover(give: Give) -> None:
    assert load_settings().universe_filter.min_turnover_quote == DecisionRules().min_turnover_quote
    give(MIN_TURNOVER_QUOTE="250")
    assert load_settings().universe_filter.min_turnover_quote == 250.0
    assert load_settings().decision_rules == DecisionRules(min_turnover_quote=250.0)


def test_every_wrong_value_is_named_at_once(refusal: Refusal, give: Give) -> None:
    give(MODE="turbo", DAGSTER_PORT="web")
    assert all(name in refusal() for name in ("OKXSIGNAL_MODE", "OKXSIGNAL_DAGSTER_PORT"))


@pytest.mark.parametrize(
    "url",
    [
        "mysql://okx:password-to-hide@host/db",
        "okx:password-to-hide@host/db",
        "host=db password=password-to-hide",
        "postgresql://okx:password-to-hide@host",
        "postgresql://okx:password-to-hide@host/",
        "postgresql://okx:password-to-hide@host:port/db",
        "postgresql://okx:password-to-hide/x@host/db",
        "postgresql://okx:password-to-hide@x@host/db",
        "postgresql://okx:password-to-hide%zz@host/db",
        "postgresql://[okx:password-to-hide@host/db",
    ],
)
def test_a_database_url_of_another_form_is_refused_without_showing_it(
    refusal: Refusal, give: Give, url: str
) -> None:
    give(DATABASE_URL=url)
    message = refusal()
    assert "OKXSIGNAL_DATABASE_URL: not of the form postgresql://user:password@host:port/database" in message
    assert "to-hide" not in message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host/db",
        "postgres://okx@host:5432/db",
        "postgresql://okx:p%40ss%2Fword@host/db?sslmode=require",
        "postgresql:///db?host=/var/run/postgresql",
        "postgresql://okx@[::1]:5432/db",
        "postgresql://okx@/db?host=/srv/with-dash/run",
    ],
)
def test_a_database_url_of_libpqs_form_passes(give: Give, url: str) -> None:
    give(DATABASE_URL=url)
    assert load_settings().database_url.get_secret_value() == url


class TestRiskLimits:
    def test_only_the_simulated_mode_has_defaults(self) -> None:
        assert Settings(mode="simulated").risk_limits == PRODUCT_LIMITS
        assert Settings(mode="live").risk_limits == RiskLimits()
        assert Settings(mode="demo").risk_limits == RiskLimits()

    def test_the_users_limits_win_zero_included(self) -> None:
        limits = Settings(mode="simulated", max_asset_pct=0, max_order_quote=25).risk_limits
        assert (limits.max_asset_pct, limits.max_order_quote) == (0, 25)
        assert limits.max_exposure_pct == PRODUCT_LIMITS.max_exposure_pct


class TestLive:
    @pytest.fixture(autouse=True)
    def _live(self, give: Give) -> None:
        give(MODE="live", **{name.removeprefix("OKXSIGNAL_"): value for name, value in SECRETS.items()})

    @staticmethod
    def arm(settings: Settings) -> None:
        settings.live_arming.parent.mkdir(parents=True)
        settings.live_arming.write_text("")

    def test_both_opt_ins_and_keys_are_enough(self, give: Give) -> None:
        give(ALLOW_LIVE="yes")
        self.arm(load_settings(trading=False))
        assert load_settings().exchange.url == "https://openapi.okx.com"

    @pytest.mark.parametrize("value", ["", "no", "true", "1", "YES", " yes"])
    def test_the_first_opt_in_takes_the_word_yes_only(self, refusal: Refusal, give: Give, value: str) -> None:
        give(ALLOW_LIVE=value)
        self.arm(load_settings(trading=False))
        assert (
            f"the first opt-in OKXSIGNAL_ALLOW_LIVE is {value!r}: set OKXSIGNAL_ALLOW_LIVE=yes" in refusal()
        )

    def test_the_second_opt_in_is_a_file_of_the_home(self, refusal: Refusal, give: Give) -> None:
        give(ALLOW_LIVE="yes")
        message = refusal()
        assert (
            f"the second opt-in {load_settings(trading=False).live_arming} is missing: run `okxsignal arm`"
            in message
        )

    def test_missing_keys_are_named(
        self, refusal: Refusal, give: Give, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        give(ALLOW_LIVE="yes")
        self.arm(load_settings(trading=False))
        monkeypatch.delenv("OKXSIGNAL_OKX_PASSPHRASE")
        assert "OKXSIGNAL_OKX_PASSPHRASE is not set: put it in .env" in refusal()


def test_demo_needs_keys(refusal: Refusal, give: Give) -> None:
    give(MODE="demo")
    assert "OKXSIGNAL_OKX_API_KEY, OKXSIGNAL_OKX_API_SECRET, OKXSIGNAL_OKX_PASSPHRASE" in refusal()


def test_paper_needs_no_keys_and_trades_on_this_machine(give: Give) -> None:
    give(MODE="paper")
    settings = load_settings()
    assert settings.exchange.is_local
    assert settings.exchange.url == settings.simulator_url
    assert settings.okx_host == "https://openapi.okx.com"
    assert settings.exchange.stream_url == "wss://ws.okx.com:8443"


def test_another_host_may_stand_in_for_okx(give: Give) -> None:
    give(MODE="paper", OKX_URL="https://proxy.example", OKX_STREAM_URL="wss://stream.example")
    settings = load_settings()
    assert (settings.okx_host, settings.exchange.stream_url) == (
        "https://proxy.example",
        "wss://stream.example",
    )


@pytest.mark.parametrize("text", [repr, str, lambda s: s.model_dump_json(), lambda s: repr(s.model_dump())])
def test_secrets_never_show(give: Give, text: Callable[[Settings], str]) -> None:
    give(**{name.removeprefix("OKXSIGNAL_"): value for name, value in SECRETS.items()})
    assert "to-hide" not in text(load_settings())


def test_an_error_elsewhere_does_not_show_secrets(refusal: Refusal, give: Give) -> None:
    give(DAGSTER_PORT="web", **{name.removeprefix("OKXSIGNAL_"): value for name, value in SECRETS.items()})
    assert "to-hide" not in refusal()


@pytest.mark.parametrize(
    "address", ["foo-to-hide", "hooks.example/to-hide", "ftp://hooks.example/to-hide", "https:///to-hide"]
)
def test_a_webhook_of_another_form_is_refused_without_showing_it(
    refusal: Refusal, give: Give, address: str
) -> None:
    give(ALERT_WEBHOOK=address)
    message = refusal()
    assert "OKXSIGNAL_ALERT_WEBHOOK: not of the form https://host/path" in message
    assert "to-hide" not in message
