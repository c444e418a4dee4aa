"""A month's content as bytes: quick to read, and older files stay readable."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from resources.feature_store import content


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    opens = pd.date_range("2024-01-01", periods=500, freq="h", tz="UTC")
    values = np.random.default_rng(1).normal(size=(500, 3)).astype(np.float32)
    values[::7] = np.nan
    frame = pd.DataFrame(values, columns=["a", "b", "c"])
    return content.canonical(frame.assign(pair="BTC-USDT", timestamp_utc=opens))


@pytest.mark.parametrize("compression", ["zstd", "lz4", "none"])
def test_a_file_is_read_whatever_it_was_compressed_with(rows, compression) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression=compression)
    assert content.decode(pa.BufferReader(sink.getvalue())).equals(rows)


def test_equal_rows_are_equal_bytes_in_every_column_and_one_codec(rows) -> None:
    data = content.encode(rows)
    assert data.equals(content.encode(content.decode(pa.BufferReader(data))))
    metadata = pq.ParquetFile(pa.BufferReader(data)).metadata
    codecs = {metadata.row_group(0).column(place).compression for place in range(metadata.num_columns)}
    assert codecs == {"LZ4"}
