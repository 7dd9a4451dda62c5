"""Formats of the report. Every file here declares one `Format`; a new file is a new format, with nothing else to edit.

An example of a whole file:

.. code-block:: python

    from clusterbench.report import Format, ReportModel


    def _render(report: ReportModel) -> dict[str, str]:
        return {"headline.txt": f"{report.headline}\\n"}


    FORMAT = Format("text", _render, {"headline.txt": "the headline alone"})
"""
