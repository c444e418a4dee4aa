"""Signed reads of the account: balance, configuration, fees."""

from resources.okx.account_rows import AccountConfig, Balance, TradeFee
from resources.okx.rest import Rest
from resources.okx.transport import Call


class Account(Rest):
    """What the account holds and may do."""

    def balance(self) -> Balance:
        return self._single(Call("GET", "/account/balance", {}, signed=True), Balance)

    def account_config(self) -> AccountConfig:
        return self._single(Call("GET", "/account/config", {}, signed=True), AccountConfig)

    def trade_fee(self, inst_type: str = "SPOT") -> TradeFee:
        call = Call("GET", "/account/trade-fee", {"instType": inst_type}, signed=True)
        return self._single(call, TradeFee)
