"""What is in a table, before anything is clustered: facts of columns and how they hang together, as page and JSON."""

from clusterbench.inspection.findings import findings
from clusterbench.inspection.inspection_files import inspection_html, inspection_json, write_inspection
from clusterbench.inspection.table_inspection import Inspection, inspect_table

__all__ = ["Inspection", "findings", "inspect_table", "inspection_html", "inspection_json", "write_inspection"]
