"""The steps from any released form of the meta database to today's; Alembic runs them in order."""
