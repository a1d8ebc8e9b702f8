"""The flowcharts of the catalogue's services, as the sender asks for them."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from bot.flowchart.apart import shared_draughtsman
from handlers.reply import Flowchart
from knowledge.catalogue import Catalogue
from knowledge.models import Bureau, Service


class CataloguePictures:
    """Draws from the catalogue that `current` gives at the time, so that a changed catalogue is drawn anew."""

    def __init__(self, current: Callable[[], Catalogue]) -> None:
        self._current = current

    def key(self, chart: Flowchart) -> str | None:
        """The hash of all that the drawing shows; None for a service that is gone or has no workflow."""
        found = self._found(chart)
        if found is None or found[0].workflow is None:
            return None
        service, bureau = found
        content = f"{chart.form}\n{service.title}\n{bureau.name}\n{found[0].workflow.model_dump_json()}"
        return sha256(content.encode()).hexdigest()

    def draw(self, chart: Flowchart) -> bytes:
        """The file; UnknownServiceError or NoWorkflowError when there is nothing to draw, DrawingError on a failure."""
        catalogue = self._current()
        service, bureau = catalogue.service(chart.code), catalogue.bureau_of(chart.code)
        drawn = shared_draughtsman().draw(service, bureau.name)
        return drawn.png if chart.form == "png" else drawn.pdf

    def _found(self, chart: Flowchart) -> tuple[Service, Bureau] | None:
        catalogue = self._current()
        if chart.code not in catalogue:
            return None
        return catalogue.service(chart.code), catalogue.bureau_of(chart.code)
