"""What holds of every job."""

import dagster as dg

from okx_jobs.definitions import definitions


def test_no_op_leaves_its_result_in_dagsters_storage() -> None:
    """Results are kept in MLflow and in the database; a pickle beside them would never be removed."""
    results = {
        node.name: out.io_manager_key
        for job in definitions.get_repository_def().get_all_jobs()
        for node in job.all_node_defs
        if isinstance(node, dg.OpDefinition)
        for out in node.output_defs
        if out.dagster_type.kind.value == "REGULAR"
    }
    assert results == {"trade_strategy": "in_memory", "try_parameters": "in_memory"}
