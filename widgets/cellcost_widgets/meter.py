"""CostMeter: this kernel's tokens, dollars and calls, live in the notebook."""

import logging
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from cellcost.errors import CellcostError
from cellcost_widgets.live import Live, live_of
from cellcost_widgets.reading import Report, here, not_known, not_metered
from cellcost_widgets.showing import state_json, to_html, to_text

__all__ = ["CostMeter"]

_STATIC = Path(__file__).parent / "static"
_log = logging.getLogger("cellcost")


class CostMeter(anywidget.AnyWidget):
    """What this kernel's calls cost since it was started, live.

    It moves while a cell runs. In a saved notebook, in nbconvert and on GitHub stands
    a static table of the figures at the moment when it was shown.
    """

    _esm = _STATIC / "meter.js"
    _css = _STATIC / "meter.css"
    figures: "traitlets.Dict[str, Any]" = traitlets.Dict().tag(sync=True)
    """The report as JSON, and each figure as it is shown."""

    def __init__(self) -> None:
        self._report, live = _report_here()
        super().__init__(figures=state_json(self._report))
        if live is not None:
            live.add(self)

    def show(self, report: Report) -> bool:
        """Show `report`; return whether the page can still be told. Never raises."""
        if self.comm is None:
            return False  # closed
        try:
            self._report = report
            self.figures = state_json(report)
        except Exception:  # noqa: BLE001 - never the user's trouble
            _log.warning("cellcost: a meter cannot be updated", exc_info=True)
            return False
        return True

    def __repr__(self) -> str:
        return to_text(self._report)

    def _repr_html_(self) -> str:
        return to_html(self._report)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return the live view, and beside it what stays true without a kernel."""
        widget: Any = super()  # its dicts have no types
        bundle = widget._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        data["text/plain"] = to_text(self._report)
        data["text/html"] = to_html(self._report)
        return data, metadata


def _report_here() -> tuple[Report, Live | None]:
    """Return the figures at this moment and who keeps them up to date, if anybody."""
    try:
        where = here()
        if where is None:
            return not_metered("kernel"), None
        live = live_of(where)
        return live.report(), live
    except CellcostError as error:
        return not_known("kernel", str(error)), None
    except Exception as error:  # noqa: BLE001 - a cell with a meter runs on
        _log.warning("cellcost: no figures for a meter", exc_info=True)
        return not_known("kernel", f"{type(error).__name__}: {error}"), None
