"""The event schemas that we ship."""

from pathlib import Path

from jupyter_events.logger import EventLogger

import cellcost_server
from cellcost_server.tail import CELLS_SCHEMA, TODAY_SCHEMA


def test_the_shipped_schemas_are_valid_and_named_as_we_emit() -> None:
    logger = EventLogger()
    for schema in (Path(cellcost_server.__file__).parent / "schemas").glob("*.yaml"):
        logger.register_event_schema(schema)
    assert {CELLS_SCHEMA, TODAY_SCHEMA} <= set(logger.schemas.schema_ids)
