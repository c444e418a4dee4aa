"""The OKX client: market data, account, orders and algo orders in one class."""

from resources.okx.calls.account import Account
from resources.okx.calls.algo_orders import AlgoOrders
from resources.okx.calls.market_data import MarketData
from resources.okx.calls.trading import Trading


class OkxClient(MarketData, Account, Trading, AlgoOrders):
    """OKX over REST. May be shared by the threads of a pool; times are UTC-aware datetimes."""
