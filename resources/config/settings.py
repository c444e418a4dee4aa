"""All settings of a process: the only reader of the environment.

Every setting is an environment variable `OKXSIGNAL_<NAME>`, a line of the home's market file, or a line of `.env`: of
the home, of the current folder, of the project, in this order of precedence. A variable that no setting declares is
an error.
"""

import json
import os
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from pydantic import SecretStr, ValidationError

from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules, RiskLimits
from okx_core.market.universe import UniverseFilter
from resources.config.declarations import KEYS, PROJECT, DeclaredSettings, variable_of
from resources.config.masking import masked
from resources.config.okx_hosts import DEMO_STREAM_HOSTS, REST_HOSTS, STREAM_HOSTS
from resources.config.parts import (
    ApiKeys,
    DatabaseSettings,
    ExchangeSettings,
    MarketSettings,
    ModelSettings,
    Retention,
    StoreSettings,
)
from resources.config.sources import (
    DOTENV,
    MARKET_FILE,
    FoundValue,
    from_dotenv,
    from_environment,
    from_file,
    merged,
    outer_dotenvs,
)
from resources.config.values import Mode, SettingsError

__all__ = [
    "MARKET_FILE", "PROJECT", "Mode", "Settings", "SettingsError", "files_read", "found_values", "load_settings",
    "names_in_environment", "places_of_settings",
]  # fmt: skip


class Settings(DeclaredSettings):
    """The declared settings and the parts of them that functions are given."""

    @property
    def database(self) -> DatabaseSettings:
        return DatabaseSettings(self.home, _revealed(self.database_url))

    @property
    def feature_store(self) -> StoreSettings:
        """OKXSIGNAL_STORE_URL or a folder of the home; fsspec reads further options from its own variables."""
        options = json.loads(_revealed(self.store_options) or "{}")
        return StoreSettings(
            self.store_url or str(self.home / "feature_store"), options, self.sql_feature_days
        )

    @property
    def models(self) -> ModelSettings:
        return ModelSettings(
            _names(self.members), _names(self.challengers), self.retrain_weeks, self.champion_max_weeks
        )

    @property
    def retention(self) -> Retention:
        return Retention(_days(self.run_history_days), _days(self.public_trade_days))

    @property
    def exchange(self) -> ExchangeSettings:
        """The exchange that this mode talks to."""
        local = self.mode in (Mode.SIMULATED, Mode.PAPER)
        url = self.simulator_url if local else self.okx_host
        return ExchangeSettings(self.mode, url, self._stream_url(), self._api_keys())

    @cached_property
    def market(self) -> MarketSettings:
        pairs = tuple(part.strip().upper() for part in self.pairs.split(",") if part.strip())
        return MarketSettings(
            self.mode, self.okx_region, self.tape, self.tape_seed, self.tape_strength, self.tape_from,
            self.tape_to, pairs, self.clock,
        )  # fmt: skip

    @property
    def decision_rules(self) -> DecisionRules:
        """The rules of every decision, with the user's least turnover."""
        turnover = self.min_turnover_quote
        return DecisionRules() if turnover is None else DecisionRules(min_turnover_quote=turnover)

    @property
    def universe_filter(self) -> UniverseFilter:
        """Conditions for trading a pair."""
        turnover = self.decision_rules.min_turnover_quote
        return UniverseFilter(self.quote_currency, turnover, self.min_age_days, self.max_spread_bps)

    @property
    def risk_limits(self) -> RiskLimits:
        """The user's limits. Only the simulated mode has defaults; elsewhere a missing limit refuses buys."""
        defaults = PRODUCT_LIMITS if self.mode is Mode.SIMULATED else RiskLimits()
        names = ("max_asset_pct", "max_exposure_pct", "max_order_quote", "risk_per_trade_pct")
        given = {name: getattr(self, name) for name in names}
        return RiskLimits(
            **{name: getattr(defaults, name) if value is None else value for name, value in given.items()}
        )

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def simulator_admin_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_admin_port}"

    @property
    def okx_host(self) -> str:
        """OKX itself: the host of the region, or OKXSIGNAL_OKX_URL."""
        return self.okx_url or REST_HOSTS[self.okx_region]

    @property
    def tracking_url(self) -> str:
        return f"http://127.0.0.1:{self.mlflow_port}"

    @property
    def dagster_url(self) -> str:
        return f"http://{self.bind_host}:{self.dagster_port}"

    @property
    def artifacts(self) -> Path:
        """MLflow artifacts: mlruns/ of the project for the default home, else inside the home."""
        return PROJECT / "mlruns" if self.home == PROJECT / ".okxsignal" else self.home / "mlruns"

    @property
    def live_arming(self) -> Path:
        """The second opt-in to live trading: a file that only `okxsignal arm` writes."""
        return self.home / "live_armed"

    def require_trading_allowed(self) -> None:
        """Refuse a live mode that is not fully asked for, and demo or live without keys."""
        if self.mode is Mode.LIVE and self.allow_live != "yes":
            raise SettingsError(
                f"OKXSIGNAL_MODE=live, but the first opt-in OKXSIGNAL_ALLOW_LIVE is {self.allow_live!r}: "
                "set OKXSIGNAL_ALLOW_LIVE=yes, then run `okxsignal arm`; or set OKXSIGNAL_MODE=simulated"
            )
        if self.mode is Mode.LIVE and not self.live_arming.exists():
            raise SettingsError(
                f"OKXSIGNAL_MODE=live, but the second opt-in {self.live_arming} is missing: "
                "run `okxsignal arm`, or set OKXSIGNAL_MODE=simulated"
            )
        missing = [variable_of(name) for name in KEYS if not getattr(self, name)]
        if missing and self.mode in (Mode.DEMO, Mode.LIVE):
            raise SettingsError(
                f"OKXSIGNAL_MODE={self.mode} needs keys, but {', '.join(missing)} is not set: put it in .env"
            )

    def _stream_url(self) -> str:
        """The WebSocket that public data come from, without a path: in paper mode OKX's own."""
        if self.mode is Mode.SIMULATED:
            return self.simulator_url.replace("http://", "ws://")
        hosts = DEMO_STREAM_HOSTS if self.mode is Mode.DEMO else STREAM_HOSTS
        return self.okx_stream_url or hosts[self.okx_region]

    def _api_keys(self) -> ApiKeys | None:
        key, secret, passphrase = (_revealed(getattr(self, name)) for name in KEYS)
        return ApiKeys(key, secret, passphrase) if key and secret and passphrase else None


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _days(count: int | str) -> timedelta | None:
    """So many days; None for all."""
    return None if isinstance(count, str) else timedelta(days=count)


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def found_values() -> dict[str, FoundValue]:
    """The settings that somebody has given, by name of field, with the place of each."""
    environment, outer = from_environment(os.environ), [from_dotenv(path) for path in outer_dotenvs()]
    given = merged((*outer, environment))
    home = _home_of(given)
    inner = from_dotenv(home / DOTENV)
    found = merged((*outer, inner, from_file(home / MARKET_FILE, MARKET_FILE), environment))
    if _home_of(found) != home:
        raise SettingsError(
            f"{found['home'].place} sets {variable_of('home')} to another home than the one it lies in: remove it"
        )
    return found


def _home_of(given: dict[str, FoundValue]) -> Path:
    return _validated({name: given[name] for name in ("home",) if name in given}).home


def names_in_environment() -> list[str]:
    """The fields that the environment of this process sets."""
    return sorted(merged([from_environment(os.environ)]))


def files_read(home: Path) -> list[Path]:
    """The files that settings were read from, the last one first in precedence."""
    files = [*outer_dotenvs(), home / DOTENV, home / MARKET_FILE]
    return [path for path in dict.fromkeys(files) if path.is_file()]


def places_of_settings(home: Path) -> str:
    """Where settings come from, for people."""
    files = ", ".join(str(path) for path in reversed(files_read(home)))
    return f"environment, {files}" if files else f"environment only: no .env in {PROJECT}, {home} or here"


def _validated(given: dict[str, FoundValue]) -> Settings:
    """An empty text means unset where a setting has no default."""
    texts = {name: found.text for name, found in given.items()}
    empty = [name for name, text in texts.items() if not text and Settings.model_fields[name].default is None]
    try:
        return Settings.model_validate({name: texts[name] for name in texts.keys() - set(empty)})
    except ValidationError as error:
        complaints: dict[str, list[str]] = {}
        for item in error.errors():
            words = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
            complaints.setdefault(str(item["loc"][0]), []).append(words)
    raise SettingsError("; ".join(_explained(name, said, given[name]) for name, said in complaints.items()))


def _explained(name: str, complaints: list[str], found: FoundValue) -> str:
    """The variable, its value unless that is a secret, what is wrong with it, and where it was given."""
    secret = "SecretStr" in str(Settings.model_fields[name].annotation)
    shown = variable_of(name) + ("" if secret else f"={masked(found.text)}")
    return f"{shown}: {' or '.join(complaints)} (correct it in {found.place})"


def load_settings(*, trading: bool = True) -> Settings:
    """The settings of this process; one clear message for whatever is wrong.

    A process that is not `trading` gets no keys: it reads public data only.
    """
    given = found_values()
    settings = _validated({name: found for name, found in given.items() if trading or name not in KEYS})
    if trading:
        settings.require_trading_allowed()
    return settings
