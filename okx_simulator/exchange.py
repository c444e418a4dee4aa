"""One simulated exchange: clock, market, account and trading order_service, wired together once."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from okx_core.market.fees import MAKER_FEE, TAKER_FEE
from okx_simulator.account.bookkeeping import SWAP_MAKER_FEE, SWAP_TAKER_FEE, FeeRates
from okx_simulator.engine.order_entry import SPOT_LEVEL
from okx_simulator.engine.order_service import OrderService
from okx_simulator.faults.script import Faults
from okx_simulator.ledger.events import EventHub
from okx_simulator.ledger.ledger import Ledger
from okx_simulator.market.prices import PriceFeed
from okx_simulator.protocol.clock import ExchangeClock, ms_to_iso
from okx_simulator.protocol.connections import WebSocketLimits
from okx_simulator.protocol.credentials import AccountKey
from okx_simulator.protocol.rate_limits import RateLimiter
from okx_simulator.relay.market import RelayPriceFeed
from okx_simulator.relay.upstream import Upstream
from okx_simulator.tape.bars import Tape

OPENING_QUOTE = Decimal(10_000)


@dataclass(frozen=True)
class AccountSettings:
    """The simulated account: its key, what a new one starts with, its fees as fractions, and its level.

    Level 1 trades spot only; level 2 (futures mode) trades swaps on cross margin too. It is how the account
    is opened; /account/set-account-level changes it for good.
    """

    key: AccountKey = field(default_factory=AccountKey)
    opening_usdt: Decimal = OPENING_QUOTE
    taker_fee: Decimal = TAKER_FEE
    maker_fee: Decimal = MAKER_FEE
    swap_taker_fee: Decimal = SWAP_TAKER_FEE
    swap_maker_fee: Decimal = SWAP_MAKER_FEE
    level: str = SPOT_LEVEL

    @property
    def fees(self) -> FeeRates:
        return FeeRates(self.taker_fee, self.maker_fee, self.swap_taker_fee, self.swap_maker_fee)


class Exchange:
    """Everything behind the endpoints. `home` None keeps the account in memory only.

    With `relay` the public data are OKX's, and the tape only names the pairs.
    """

    def __init__(
        self,
        tape: Tape,
        clock: ExchangeClock | None = None,
        home: Path | None = None,
        account: AccountSettings | None = None,
        rate_limits: bool = True,
        relay: Upstream | None = None,
    ) -> None:
        self.relay = relay
        self.tape = tape
        self.clock = clock or ExchangeClock()
        self.account = account or AccountSettings()
        self.faults = Faults(self.clock.now_ms)
        self.market = (
            PriceFeed(tape, self.clock, self.faults) if relay is None else RelayPriceFeed(relay, self.clock)
        )
        opening = {"USDT": self.account.opening_usdt}
        self.events = EventHub()
        self.ledger = Ledger(home, opening, self.clock.now_ms(), self.events)
        self.order_service = OrderService(self.market, self.ledger, self.account.fees, self.account.level)
        self.limiter = RateLimiter(rate_limits)
        self.websocket_limits = WebSocketLimits()

    def close(self) -> None:
        self.ledger.close()

    def value_usdt(self, currency: str, amount: Decimal) -> Decimal | None:
        """The value of `amount` at mid, of a delisted coin at its last price; None without a USDT pair."""
        if currency == "USDT":
            return amount
        pair = f"{currency}-USDT"
        if not (self.market.is_listed(pair) or self.market.has_ended(pair)):
            return None
        return (amount * Decimal(repr(self.market.mid(pair)))).quantize(Decimal("0.00000001"))

    def state(self) -> dict[str, object]:
        """The state that the admin port shows."""
        self.order_service.settle()
        end = self.tape.end_hour
        balances = {name: format(cash, "f") for name, (cash, _) in self.ledger.balances().items()}
        return {
            "clock": {
                "mode": self.clock.setting.mode,
                "factor": self.clock.setting.factor,
                "now": ms_to_iso(self.clock.now_ms()),
                "now_ms": self.clock.now_ms(),
            },
            "tape": {
                **self.tape.describe(),
                "pairs": list(self.tape.pairs),
                "from": ms_to_iso(self.tape.start_hour * 3_600_000),
                "to": None if end is None else ms_to_iso(end * 3_600_000),
            },
            "balances": balances,
            "rate_limits": self.limiter.enabled,
            **self.ledger.counts(),
        }
