"""Signed reads of the account: balance, configuration, fees."""

from resources.okx.parsing import parse_account_config, parse_balance, parse_trade_fee
from resources.okx.rest import Rest
from resources.okx.transport import Call
from resources.okx.types import AccountConfig, Balance, TradeFee


class Account(Rest):
    """What the account holds and may do."""

    def balance(self) -> Balance:
        return self._single(Call("GET", "/account/balance", {}, signed=True), parse_balance)

    def account_config(self) -> AccountConfig:
        return self._single(Call("GET", "/account/config", {}, signed=True), parse_account_config)

    def trade_fee(self, inst_type: str = "SPOT") -> TradeFee:
        call = Call("GET", "/account/trade-fee", {"instType": inst_type}, signed=True)
        return self._single(call, parse_trade_fee)
