"""A service's workflow as a right-to-left flowchart: PNG for the chat, PDF to keep."""

from bot.flowchart.drawing import Draughtsman, Drawn, default_draughtsman, flowchart_pdf, flowchart_png
from knowledge.errors import NoWorkflowError

__all__ = ["Draughtsman", "Drawn", "NoWorkflowError", "default_draughtsman", "flowchart_pdf", "flowchart_png"]
