"""Rows of the account: balance, configuration, fees, leverage, and every change of a balance."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from resources.okx.errors import ParsingError
from resources.okx.rows.fields import ANSWER, flag, moment, number, text, texts
from resources.okx.rows.row import Row, rows

NONE = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class CoinBalance(Row):
    """One coin: all of it, what can be spent, and what open orders hold. In spot mode `availEq` is ''."""

    currency: str = text("ccy", required=True)
    cash: Decimal = number("cashBal", required=True)
    available: Decimal = number("availBal", required=True)
    frozen_or_none: Decimal | None = number("frozenBal")
    frozen_by_orders: Decimal | None = number("ordFrozen")
    equity: Decimal | None = number("eq")
    equity_usd: Decimal | None = number("eqUsd")
    available_equity: Decimal | None = number("availEq")
    discounted_equity_usd: Decimal | None = number("disEq")
    isolated_equity: Decimal | None = number("isoEq")
    strategy_equity: Decimal | None = number("stgyEq")
    copy_trading_equity: Decimal | None = number("spotCopyTradingEq")
    smart_sync_equity: Decimal | None = number("smtSyncEq")
    unrealized_pnl: Decimal | None = number("upl")
    isolated_unrealized_pnl: Decimal | None = number("isoUpl")
    liability: Decimal | None = number("liab")
    cross_liability: Decimal | None = number("crossLiab")
    isolated_liability: Decimal | None = number("isoLiab")
    unrealized_pnl_liability: Decimal | None = number("uplLiab")
    interest: Decimal | None = number("interest")
    max_loan: Decimal | None = number("maxLoan")
    borrow_frozen: Decimal | None = number("borrowFroz")
    initial_margin: Decimal | None = number("imr")
    maintenance_margin: Decimal | None = number("mmr")
    margin_ratio: Decimal | None = number("mgnRatio")
    notional_leverage: Decimal | None = number("notionalLever")
    liquidation_risk: Decimal | None = number("twap")
    fixed_balance: Decimal | None = number("fixedBal")
    reward_balance: Decimal | None = number("rewardBal")
    spot_balance: Decimal | None = number("spotBal")
    isolated_spot_balance: Decimal | None = number("spotIsoBal")
    spot_in_use: Decimal | None = number("spotInUseAmt")
    user_spot_in_use: Decimal | None = number("clSpotInUseAmt")
    max_spot_in_use: Decimal | None = number("maxSpotInUseAmt")
    average_open_price: Decimal | None = number("openAvgPx")
    average_cost: Decimal | None = number("accAvgPx")
    spot_unrealized_pnl: Decimal | None = number("spotUpl")
    spot_unrealized_pnl_ratio: Decimal | None = number("spotUplRatio")
    total_pnl: Decimal | None = number("totalPnl")
    total_pnl_ratio: Decimal | None = number("totalPnlRatio")
    price_usd: Decimal | None = number("coinUsdPrice")
    auto_conversion: str = text("colBorrAutoConversion")
    is_collateral: bool | None = flag("collateralEnabled")
    is_collateral_restricted: bool | None = flag("collateralRestrict")
    updated_at: datetime | None = moment("uTime")

    @property
    def frozen(self) -> Decimal:
        return self.frozen_or_none or NONE


@dataclass(frozen=True, kw_only=True)
class Balance(Row):
    """The account. A coin that is not listed is zero: OKX leaves empty ones out."""

    total_equity_usd: Decimal | None = number("totalEq")
    details: tuple[CoinBalance, ...] = rows("details", CoinBalance, required=True)
    as_of: datetime = moment("uTime", required=True)
    adjusted_equity_usd: Decimal | None = number("adjEq")
    available_equity_usd: Decimal | None = number("availEq")
    isolated_equity_usd: Decimal | None = number("isoEq")
    frozen_by_orders_usd: Decimal | None = number("ordFroz")
    borrow_frozen_usd: Decimal | None = number("borrowFroz")
    initial_margin_usd: Decimal | None = number("imr")
    maintenance_margin_usd: Decimal | None = number("mmr")
    margin_ratio: Decimal | None = number("mgnRatio")
    notional_usd: Decimal | None = number("notionalUsd")
    borrowed_notional_usd: Decimal | None = number("notionalUsdForBorrow")
    swap_notional_usd: Decimal | None = number("notionalUsdForSwap")
    futures_notional_usd: Decimal | None = number("notionalUsdForFutures")
    option_notional_usd: Decimal | None = number("notionalUsdForOption")
    unrealized_pnl_usd: Decimal | None = number("upl")

    def available(self, currency: str) -> Decimal:
        """The available balance of a coin."""
        return sum((coin.available for coin in self.details if coin.currency == currency), NONE)


@dataclass(frozen=True, kw_only=True)
class AccountConfig(Row):
    """Account level (1 spot, 2 futures, 3 multi-currency, 4 portfolio), position mode, permissions of the key."""

    uid: str = text("uid", required=True)
    main_uid: str = text("mainUid")
    account_level: str = text("acctLv", required=True)
    position_mode: str = text("posMode", required=True)
    fee_type_or_none: str = text("feeType")
    permission_list: str = text("perm")
    ip_list: str = text("ip")
    label: str = text("label")
    kyc_level: str = text("kycLv")
    level: str = text("level")
    level_of_trial: str = text("levelTmp")
    account_type: str = text("type")
    role_type: str = text("roleType")
    spot_role_type: str = text("spotRoleType")
    trader_instruments: tuple[str, ...] = texts("traderInsts")
    spot_trader_instruments: tuple[str, ...] = texts("spotTraderInsts")
    option_permission: str = text("opAuth")
    self_trade_mode: str = text("acctStpMode")
    contract_isolated_mode: str = text("ctIsoMode")
    margin_isolated_mode: str = text("mgnIsoMode")
    greeks_type: str = text("greeksType")
    strategy_type: str = text("stgyType")
    spot_offset_type: str = text("spotOffsetType")
    liquidation_gear: str = text("liquidationGear")
    settle_currency: str = text("settleCcy")
    settle_currencies: tuple[str, ...] = texts("settleCcyList")
    auto_loan: bool | None = flag("autoLoan")
    spot_borrow: bool | None = flag("enableSpotBorrow")
    spot_borrow_auto_repay: bool | None = flag("spotBorrowAutoRepay")

    @property
    def fee_type(self) -> str:
        """'0': a fee is taken in the coin received; '1': always in quote."""
        return self.fee_type_or_none or "0"

    @property
    def permissions(self) -> tuple[str, ...]:
        """Of the key in use: read_only, trade, withdraw."""
        return tuple(filter(None, self.permission_list.split(",")))

    @property
    def is_bound_to_ip(self) -> bool:
        return bool(self.ip_list)


@dataclass(frozen=True, kw_only=True)
class FeeGroup(Row):
    """Rates of a group of instruments; OKX writes a charge as negative."""

    group_id: str = text("groupId", required=True)
    maker_rate: Decimal | None = number("maker")
    taker_rate: Decimal | None = number("taker")
    retail_maker_rate: Decimal | None = number("rpiMaker")
    enhanced_maker_rate: Decimal | None = number("elpMaker")


@dataclass(frozen=True, kw_only=True)
class FiatFee(Row):
    """Rates of pairs quoted in a fiat currency."""

    currency: str = text("ccy", required=True)
    maker_rate: Decimal | None = number("maker")
    taker_rate: Decimal | None = number("taker")


@dataclass(frozen=True, kw_only=True)
class TradeFee(Row):
    """Fee rates: by group of instruments, or by the older fields beside the groups."""

    inst_type: str = text("instType", required=True)
    level: str = text("level")
    category: str = text("category")
    rule_type: str = text("ruleType")
    groups: tuple[FeeGroup, ...] = rows("feeGroup", FeeGroup)
    fiat: tuple[FiatFee, ...] = rows("fiat", FiatFee)
    maker_rate: Decimal | None = number("maker")
    taker_rate: Decimal | None = number("taker")
    maker_rate_usdt: Decimal | None = number("makerU")
    taker_rate_usdt: Decimal | None = number("takerU")
    maker_rate_usdc: Decimal | None = number("makerUSDC")
    taker_rate_usdc: Decimal | None = number("takerUSDC")
    delivery_rate: Decimal | None = number("delivery")
    exercise_rate: Decimal | None = number("exercise")
    settlement_rate: Decimal | None = number("settle")
    underlying: str = text("uly")
    as_of: datetime | None = moment("ts")

    @property
    def maker(self) -> Decimal:
        """As a fraction of the traded amount; positive is paid."""
        return self.of_group().maker

    @property
    def taker(self) -> Decimal:
        return self.of_group().taker

    def of_group(self, group_id: str = "") -> "Fee":
        """The fee of an instrument's group, of the first one when none is named."""
        for group in self.groups:
            if group_id in ("", group.group_id):
                return _fee(group.maker_rate, group.taker_rate)
        return _fee(self.maker_rate, self.taker_rate)


@dataclass(frozen=True)
class Fee:
    """Fees as fractions of the traded amount; positive is paid, negative a rebate."""

    maker: Decimal
    taker: Decimal


def _fee(maker_rate: Decimal | None, taker_rate: Decimal | None) -> Fee:
    if maker_rate is None or taker_rate is None:
        raise ParsingError(ANSWER, "trade-fee: fields maker and taker are '', expected a number")
    return Fee(-maker_rate, -taker_rate)


@dataclass(frozen=True, kw_only=True)
class Leverage(Row):
    """The leverage of an instrument or a coin, by margin mode and side."""

    inst_id: str = text("instId")
    currency: str = text("ccy")
    margin_mode: str = text("mgnMode", required=True)
    position_side: str = text("posSide")
    leverage: Decimal | None = number("lever")


@dataclass(frozen=True, kw_only=True)
class PositionMode(Row):
    """net_mode or long_short_mode."""

    mode: str = text("posMode", required=True)


@dataclass(frozen=True, kw_only=True)
class AccountLevel(Row):
    """The level or mode that the account was switched to."""

    level: str = text("acctLv", required=True)


@dataclass(frozen=True, kw_only=True)
class Bill(Row):
    """A change of a balance: type 1 is a transfer, 2 a trade, 5 a liquidation, 8 funding."""

    bill_id: str = text("billId", required=True)
    currency: str = text("ccy", required=True)
    bill_type: str = text("type", required=True)
    bill_subtype: str = text("subType")
    change: Decimal = number("balChg", required=True)
    balance_after: Decimal = number("bal", required=True)
    size: Decimal | None = number("sz")
    price: Decimal | None = number("px")
    fee: Decimal | None = number("fee")
    pnl: Decimal | None = number("pnl")
    interest: Decimal | None = number("interest")
    position_change: Decimal | None = number("posBalChg")
    position_after: Decimal | None = number("posBal")
    inst_id: str = text("instId")
    inst_type: str = text("instType")
    order_id: str = text("ordId")
    client_order_id: str = text("clOrdId")
    trade_id: str = text("tradeId")
    tag: str = text("tag")
    liquidity: str = text("execType")
    margin_mode: str = text("mgnMode")
    sender: str = text("from")
    receiver: str = text("to")
    notes: str = text("notes")
    fill_time: datetime | None = moment("fillTime")
    index_price: Decimal | None = number("fillIdxPx")
    mark_price: Decimal | None = number("fillMarkPx")
    forward_price: Decimal | None = number("fillFwdPx")
    implied_volatility: Decimal | None = number("fillPxVol")
    mark_volatility: Decimal | None = number("fillMarkVol")
    price_usd: Decimal | None = number("fillPxUsd")
    earned: Decimal | None = number("earnAmt")
    earned_rate: Decimal | None = number("earnApr")
    changed_at: datetime = moment("ts", required=True)
