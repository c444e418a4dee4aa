"""What a renewed fetch changes in the candles that are already stored."""

import pandas as pd

KEY = ["pair", "timestamp_utc"]
VALUES = ["open", "high", "low", "close", "volume", "quote_volume"]


def merge_fetched(stored: pd.DataFrame, fetched: pd.DataFrame) -> pd.DataFrame:
    """The rows to store: nothing known is lost, and an unchanged bar keeps its first `ingested_at`.

    Both frames have pair, timestamp_utc, the bar's values, ingested_at, source and (stored only) revision.
    A bar that is only stored stays; one that is only fetched gets revision 0; one whose values differ is
    replaced under the next revision. A value unknown on both sides is equal. Sorted by pair and time.
    """
    both = fetched[KEY + VALUES].merge(
        stored[[*KEY, *VALUES, "revision"]], how="left", on=KEY, suffixes=("", "_stored")
    )
    known = both["revision"].notna()
    same = known.copy()
    for name in VALUES:
        old, new = both[f"{name}_stored"], both[name]
        same &= (old == new) | (old.isna() & new.isna())
    renewed = fetched.assign(revision=both["revision"].add(1).where(known, 0).astype("int32").to_numpy())
    renewed = renewed[~same.to_numpy()]
    replaced = pd.MultiIndex.from_frame(renewed[KEY])
    kept = stored[~pd.MultiIndex.from_frame(stored[KEY]).isin(replaced)]
    merged = renewed if kept.empty else pd.concat([kept, renewed], ignore_index=True)
    return merged.sort_values(KEY, ignore_index=True)
