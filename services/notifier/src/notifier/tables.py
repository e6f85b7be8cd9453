"""The metadata of the notifier's database. Each noun adds its tables in its own `tables.py`."""

from common.db.kernel_tables import service_metadata

metadata = service_metadata()
