"""Algo orders over the wire."""

from okx_simulator.ledger.rows import AlgoRow
from okx_simulator.protocol.calls import Payload
from okx_simulator.responses.market_and_orders import inst_type

EMPTY_ALGO_FIELDS = [
    "amendPxOnTriggerType", "callbackSpreadType", "ccy", "chaseType", "chaseVal", "clOrdId", "failReason",
    "isTradeBorrowMode", "lever", "maxChaseType", "maxChaseVal", "pxLimit", "pxSpread", "pxVar",
    "quickMgnType", "szLimit", "timeInterval", "tradeQuoteCcy", "uly",
]  # fmt: skip


def algo_row(algo: AlgoRow, last: str) -> Payload:
    """An algo order as its endpoints and lists show it; once it has fired it names its child order."""
    child = str(algo.ord_id or "")
    kind = {name: "last" if price else "" for name, price in _triggers(algo).items()}
    return {
        **dict.fromkeys(EMPTY_ALGO_FIELDS, ""),
        "instType": inst_type(algo.inst_id),
        "instId": algo.inst_id,
        "algoId": str(algo.algo_id),
        "algoClOrdId": algo.client_algo_id,
        "ordId": child,
        "ordIdList": [child] if child else [],
        "tag": algo.tag,
        "ordType": algo.ord_type,
        "side": algo.side,
        "posSide": "net",
        "tdMode": algo.td_mode,
        "sz": algo.size,
        "tgtCcy": algo.target_currency,
        "closeFraction": algo.close_fraction,
        "cxlOnClosePos": algo.cancel_on_close,
        "reduceOnly": algo.reduce_only,
        "state": algo.state,
        "tpTriggerPx": algo.tp_trigger,
        "tpTriggerPxType": kind["tp"],
        "tpOrdPx": algo.tp_price,
        "slTriggerPx": algo.sl_trigger,
        "slTriggerPxType": kind["sl"],
        "slOrdPx": algo.sl_price,
        "triggerPx": algo.trigger_price,
        "triggerPxType": kind["trigger"],
        "ordPx": algo.order_price if algo.ord_type == "trigger" else "",
        "callbackRatio": algo.callback_ratio,
        "callbackSpread": algo.callback_spread,
        "activePx": algo.active_price,
        "moveTriggerPx": "",
        "actualSz": algo.actual_size,
        "actualPx": algo.actual_price,
        "actualSide": algo.actual_side,
        "failCode": algo.fail_code or "0",
        "triggerTime": str(algo.triggered_ms or ""),
        "last": last,
        "attachAlgoOrds": [],
        "linkedOrd": {"ordId": str(algo.parent_id or "")},
        "cTime": str(algo.created_ms),
        "uTime": str(algo.updated_ms),
    }


def _triggers(algo: AlgoRow) -> dict[str, str]:
    return {"tp": algo.tp_trigger, "sl": algo.sl_trigger, "trigger": algo.trigger_price}
