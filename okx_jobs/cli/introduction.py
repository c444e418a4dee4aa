"""What `okxsignal demo` says before it begins: what it will do, and why it is safe."""

from rich.markup import escape

from okx_core.hours import Stretch
from okx_services.reports.market_origin import market_note
from resources.config.settings import Settings
from resources.stores import market_identity

STEPS = (
    ("market data", "universe, candles and gaps from the simulated exchange"),
    (
        "research",
        "features, labels, members trained every few weeks on what was known then, their predictions kept",
    ),
    ("gate", "a model may trade once half a year of its predictions has shown that it can"),
    ("backtest", "signals of past weeks, traded out of sample with fees, spread and slippage"),
    ("trading", "the last {hours} hours one by one: candles, features, signals, orders, positions"),
)
NO_MONEY = "no real money: orders go to a simulated exchange, a process of this machine"
NO_KEYS = "no keys: the demo sends none, even when some are set"
NO_NETWORK = "no network: exchange, MLflow and database run here, on 127.0.0.1 or a local socket"
OWN_SERVER = "no market data from outside; your own {what} is used, as the settings say"


def introduction(settings: Settings, stretch: Stretch) -> str:
    """Lines for the console, in its markup."""
    market = settings.market
    lines = [
        f"{escape(settings.tape)} tape, {len(market.pairs)} pairs, {stretch.start:%Y-%m-%d %H:%M} to "
        f"{stretch.end:%Y-%m-%d %H:%M} UTC; home {escape(str(settings.home))}",
        "\n[bold]What the demo does[/bold]",
        *(f"  {name:<12} {words.format(hours=stretch.live_hours)}" for name, words in STEPS),
        "[bold]Why it is safe[/bold]",
        *(f"  {reason}" for reason in (NO_MONEY, NO_KEYS, _network(settings))),
    ]
    note = market_note(market_identity(market))
    return "\n".join([*lines, *([f"[bold]How to read it[/bold]\n  {note}"] if note else []), ""])


def _network(settings: Settings) -> str:
    own = [
        name
        for name, used in (
            ("database", not settings.database.is_embedded),
            ("store", bool(settings.store_url)),
        )
        if used
    ]
    return OWN_SERVER.format(what=" and ".join(own)) if own else NO_NETWORK
