"""Signed calls about the account: balance, configuration, fees, positions, leverage."""

from datetime import datetime
from decimal import Decimal

from resources.okx.http.answers import Call
from resources.okx.http.rest import Rest, asked
from resources.okx.rows.account import (
    AccountConfig,
    AccountLevel,
    Balance,
    Bill,
    Leverage,
    PositionMode,
    TradeFee,
)
from resources.okx.rows.instruments import InstrumentRow
from resources.okx.rows.positions import Position


class Account(Rest):
    """Balances, configuration and settings of the account. Settings may be set twice: they are retried."""

    def balance(self) -> Balance:
        return self._single(Call("GET", "/account/balance", {}, signed=True), Balance)

    def account_config(self) -> AccountConfig:
        return self._single(Call("GET", "/account/config", {}, signed=True), AccountConfig)

    def trade_fee(self, inst_type: str = "SPOT") -> TradeFee:
        return self._single(Call("GET", "/account/trade-fee", {"instType": inst_type}, signed=True), TradeFee)

    def account_instruments(self, inst_type: str = "SPOT") -> list[InstrumentRow]:
        """Instruments that this account may trade: fewer than are listed, by region."""
        return self._rows(
            Call("GET", "/account/instruments", {"instType": inst_type}, signed=True), InstrumentRow
        )

    def positions(self, inst_id: str | None = None, inst_type: str | None = None) -> list[Position]:
        """Open positions; when an instrument is named also one that was closed lately, with size 0."""
        wanted = asked(instType=inst_type, instId=inst_id)
        return self._rows(Call("GET", "/account/positions", wanted, signed=True), Position)

    def leverage(self, inst_id: str, margin_mode: str = "cross") -> list[Leverage]:
        """The leverage of an instrument, by side in long_short_mode."""
        wanted = asked(instId=inst_id, mgnMode=margin_mode)
        return self._rows(Call("GET", "/account/leverage-info", wanted, signed=True), Leverage)

    def set_leverage(
        self, inst_id: str, leverage: Decimal, margin_mode: str = "cross", position_side: str = ""
    ) -> Leverage:
        wanted = asked(
            instId=inst_id, lever=format(leverage, "f"), mgnMode=margin_mode, posSide=position_side
        )
        return self._single(Call("POST", "/account/set-leverage", wanted, signed=True), Leverage)

    def set_position_mode(self, mode: str) -> PositionMode:
        """net_mode or long_short_mode; refused while positions or orders are open."""
        wanted = {"posMode": mode}
        return self._single(Call("POST", "/account/set-position-mode", wanted, signed=True), PositionMode)

    def set_account_level(self, level: str) -> AccountLevel:
        """1 spot, 2 futures, 3 multi-currency, 4 portfolio; the first switch must be made at OKX's site."""
        wanted = {"acctLv": level}
        return self._single(Call("POST", "/account/set-account-level", wanted, signed=True), AccountLevel)

    def bills(
        self, currency: str | None = None, begin: datetime | None = None, end: datetime | None = None
    ) -> list[Bill]:
        """Changes of balances of the last seven days, newest first."""
        wanted = asked(ccy=currency, begin=begin, end=end)
        return self._pages("/account/bills", Bill, "bill_id", wanted)
