"""Reports as materialisation metadata: what an asset page shows about its newest run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from okx_services.reports.figures import png_uri
from okx_services.reports.markdown import image, sql_block
from resources.tracking import Tracking

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DIGITS = 4


def text(markdown: str, empty: str = "none") -> dg.MetadataValue:
    """Markdown; the words of `empty` when there is nothing to show."""
    return dg.MetadataValue.md(markdown or empty)


def plot(title: str, figure: "Figure") -> dg.MetadataValue:
    """The figure as an inline image."""
    return dg.MetadataValue.md(image(title, png_uri(figure)))


def sql(statement: str) -> dg.MetadataValue:
    """A query to copy into psql."""
    return dg.MetadataValue.md(sql_block(statement))


def url(address: str) -> dg.MetadataValue:
    """A link."""
    return dg.MetadataValue.url(address)


def numbers(values: Mapping[str, Any]) -> dict[str, dg.MetadataValue]:
    """Numbers that the page plots over time, rounded for people; an unknown one is left out."""
    return {
        name: dg.MetadataValue.float(round(float(value), DIGITS))
        for name, value in values.items()
        if _is_known(value)
    }


def _is_known(value: Any) -> bool:
    return value is not None and value == value  # NaN is the value that differs from itself


def version_links(registry: Tracking, versions: Mapping[int, str]) -> dg.MetadataValue:
    """The MLflow page of each version, with a few words about it."""
    lines = [
        f"- [version {version}]({registry.version_url(version)}) {words}".rstrip()
        for version, words in versions.items()
    ]
    return text("\n".join(lines))
