"""Brings a database to the newest schema; Alembic is imported only where something is to be done.

A SQLite file keeps the number of its schema in `user_version` as well, so that a release without migrations refuses it.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from memory.ledger.tables import SCHEMA_VERSION, metadata

_FOLDER = Path(__file__).parent
_BASELINE, _LAST_BEFORE = 1, 2
"""Files of these versions were made before there were migrations: they have the tables of the first revision (the
second one's `questions`, too), and no record of revisions."""


def found_version(connection: Connection) -> int:
    """Number of the schema that the database has; 0 where it has none. One cheap query."""
    if connection.dialect.name == "sqlite":
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if connection.scalar(sa.text("SELECT to_regclass('alembic_version')")) is None:
        return 0
    return int(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or 0)


def migrate(connection: Connection) -> None:
    """Apply what is missing, within the open transaction of `connection`; nothing where another process just did."""
    from alembic.config import Config
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    found = found_version(connection)
    if found >= SCHEMA_VERSION:
        return
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
    current = context.get_current_revision()
    if _BASELINE <= found <= _LAST_BEFORE and current is None:
        current = f"{_BASELINE:04}"
        context.stamp(scripts, current)
    with Operations.context(context):
        for script in reversed(list(scripts.iterate_revisions("head", current or "base"))):
            script.module.upgrade()
            context.stamp(scripts, script.revision)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
