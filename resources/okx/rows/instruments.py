"""Rows of what may be traded, public and as this account may trade it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from okx_core.market.instruments import Instrument
from resources.okx.rows.fields import flag, moment, number, positive, text, texts, whole
from resources.okx.rows.row import Row, rows


@dataclass(frozen=True, kw_only=True)
class ParameterChange(Row):
    """An announced change of a step or a minimum."""

    parameter: str = text("param", required=True)
    new_value: str = text("newValue")
    takes_effect_at: datetime | None = moment("effTime")


@dataclass(frozen=True, kw_only=True)
class InstrumentRow(Row):
    """An instrument of any type. One that is only announced has hardly any of its fields, not even a name."""

    inst_type: str = text("instType", required=True)
    inst_id: str = text("instId")
    inst_id_code: int | None = whole("instIdCode")
    inst_family: str = text("instFamily")
    underlying: str = text("uly")
    base_currency: str = text("baseCcy")
    quote_currency: str = text("quoteCcy")
    settle_currency: str = text("settleCcy")
    trade_quote_currencies: tuple[str, ...] = texts("tradeQuoteCcyList")
    state: str = text("state", required=True)
    rule_type: str = text("ruleType")
    open_type: str = text("openType")
    category: str = text("category")
    inst_category: str = text("instCategory")
    group_id: str = text("groupId")
    tick: Decimal | None = positive("tickSz")
    lot: Decimal | None = positive("lotSz")
    min_size: Decimal | None = positive("minSz")
    contract_value: Decimal | None = positive("ctVal")
    contract_multiplier: Decimal | None = positive("ctMult")
    contract_value_currency: str = text("ctValCcy")
    contract_type: str = text("ctType")
    max_leverage: Decimal | None = number("lever")
    max_limit_size: Decimal | None = number("maxLmtSz")
    max_limit_usd: Decimal | None = number("maxLmtAmt")
    max_market_size: Decimal | None = number("maxMktSz")
    max_market_usd: Decimal | None = number("maxMktAmt")
    max_twap_size: Decimal | None = number("maxTwapSz")
    max_iceberg_size: Decimal | None = number("maxIcebergSz")
    max_trigger_size: Decimal | None = number("maxTriggerSz")
    max_stop_size: Decimal | None = number("maxStopSz")
    platform_open_interest_limit: Decimal | None = number("maxPlatOILmt")
    position_limit_usd: Decimal | None = number("posLmtAmt")
    position_limit_pct: Decimal | None = number("posLmtPct")
    long_position_quota: Decimal | None = number("longPosRemainingQuota")
    short_position_quota: Decimal | None = number("shortPosRemainingQuota")
    initial_price_limit_pct: Decimal | None = number("initPxLmtPct")
    floating_price_limit_pct: Decimal | None = number("floatPxLmtPct")
    max_price_limit_pct: Decimal | None = number("maxPxLmtPct")
    listed_at: datetime | None = moment("listTime")
    auction_ends_at: datetime | None = moment("auctionEndTime")
    continuous_trading_at: datetime | None = moment("contTdSwTime")
    pre_market_ends_at: datetime | None = moment("preMktSwTime")
    expires_at: datetime | None = moment("expTime")
    announced_changes: tuple[ParameterChange, ...] = rows("upcChg", ParameterChange)
    daily_settlement: bool | None = flag("futureSettlement")
    alias: str = text("alias")
    option_type: str = text("optType")
    strike: Decimal | None = number("stk")
    series_id: str = text("seriesId")
    series_frequency: str = text("freq")
    series_method: str = text("method")

    @property
    def instrument(self) -> Instrument | None:
        """A spot pair or a swap as the core knows it; None for one that is announced without its steps."""
        if not self.inst_id or self.tick is None or self.lot is None or self.min_size is None:
            return None
        base, quote = self.base_currency, self.quote_currency
        if not base:
            base, _, quote = (self.underlying or self.inst_id.removesuffix("-SWAP")).partition("-")
        return Instrument(
            inst_id=self.inst_id,
            base=base,
            quote=quote,
            tick=self.tick,
            lot=self.lot,
            min_size=self.min_size,
            list_time=self.listed_at,
            state=self.state,
            delist_time=self.expires_at,
        )
