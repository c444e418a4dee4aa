"""Addresses that commands and asset pages print."""

from resources.web_pages import (
    asset_graph_page,
    asset_page,
    experiments_page,
    logged_model_page,
    model_page,
    run_page,
    version_page,
)


def test_every_mlflow_page_opens_in_model_training_mode() -> None:
    server = "http://127.0.0.1:5000"
    pages = [
        experiments_page(server), model_page(server, "m"), version_page(server, "m", 3),
        logged_model_page(server, "1", "m-1"),
    ]  # fmt: skip
    assert all(page.endswith("?workflowType=machine_learning") for page in pages)
    assert all(page.startswith(f"{server}/#/") for page in pages)


def test_an_asset_page_is_named_by_the_key() -> None:
    assert asset_page("http://h:1", ["backtests", "equity"]) == "http://h:1/assets/backtests/equity"
    assert asset_page("http://h:1", ["a", "b"], "partitions") == "http://h:1/assets/a/b?view=partitions"
    assert asset_graph_page("http://h:1") == "http://h:1/asset-groups"


def test_a_run_is_named_by_its_id() -> None:
    assert run_page("http://h:1", "0a-b") == "http://h:1/runs/0a-b"
