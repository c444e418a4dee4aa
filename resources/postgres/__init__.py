"""PostgreSQL: connections, the embedded server, migrations, SQL models."""
