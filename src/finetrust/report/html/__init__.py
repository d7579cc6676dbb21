"""The report of a run as one HTML file that is readable without a network."""

from finetrust.report.html.page import write_report

__all__ = ["write_report"]
