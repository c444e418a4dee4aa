"""An empty environment in which a test gives settings."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from resources.config.settings import SettingsError, load_settings

Give = Callable[..., None]
SECRETS = {
    "OKXSIGNAL_OKX_API_KEY": "key-to-hide",
    "OKXSIGNAL_OKX_API_SECRET": "secret-to-hide",
    "OKXSIGNAL_OKX_PASSPHRASE": "passphrase-to-hide",
    "OKXSIGNAL_DATABASE_URL": "postgresql://okx:password-to-hide@db.example:5432/okxsignal",
    "OKXSIGNAL_ALERT_WEBHOOK": "https://hooks.example/token-to-hide",
}


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Give:
    """Sets variables (without their prefix) in an otherwise empty environment and directory."""
    for name in [name for name in os.environ if name.startswith("OKXSIGNAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OKXSIGNAL_HOME", str(tmp_path / "home"))

    def give(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"OKXSIGNAL_{name}", value)

    return give


@pytest.fixture
def refusal() -> Callable[[], str]:
    """Loads the settings and returns the message of the error."""

    def refusal() -> str:
        with pytest.raises(SettingsError) as failure:
            load_settings()
        return str(failure.value)

    return refusal
