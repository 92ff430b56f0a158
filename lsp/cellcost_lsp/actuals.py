"""What was really spent, for the calls, cells and files that are open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cellcost.analysis import Estimate, calibrated
from cellcost.call_sites import source_hash
from cellcost.figures import cost_text
from cellcost_lsp.reading import Reading
from cellcost_lsp.text import Page

if TYPE_CHECKING:
    # They take a while to import, and the first hints need none of what was spent.
    from cellcost.views import SiteView
    from cellcost_lsp.history import History

__all__ = ["Actuals", "Known", "last_text", "learnt", "month_text"]


@dataclass(frozen=True, slots=True)
class Known:
    """One call: what it will cost, and what the journal knows of it."""

    estimate: Estimate
    """From the lengths of its past calls, where there are any."""
    view: "SiteView | None"


class Actuals:
    """Joins readings with the journal's figures."""

    def __init__(self) -> None:
        self.history: History | None = None
        """None until the journal is followed."""
        self._kept: dict[str, tuple[Reading, int, tuple[Known, ...]]] = {}

    def calls(self, reading: Reading, opened: datetime) -> tuple[Known, ...]:
        """Return every call of a reading, in its order.

        `opened` is when the editor opened the file or notebook.
        """
        history = self.history
        if history is None or not reading.estimates:
            return tuple(Known(item, None) for item in reading.estimates)
        moment = history.moment
        kept = self._kept.get(reading.uri)
        if kept is not None and kept[0] is reading and kept[1] == moment:
            return kept[2]
        views = history.sites(reading.path, reading.spots, opened)
        found = tuple(
            Known(item if view is None else _learnt(item, view, reading), view)
            for item, view in zip(reading.estimates, views, strict=True)
        )
        self._kept[reading.uri] = (reading, moment, found)
        return found

    def cell(self, page: Page, opened: datetime) -> "SiteView | None":
        """Return what is known of a notebook's cell."""
        if self.history is None:
            return None
        return self.history.cell(page.uri, source_hash(page.text), opened)

    def file(self, path: str) -> "SiteView | None":
        """Return what is known of a file."""
        return None if self.history is None else self.history.file(path)

    def function(self, path: str, name: str) -> "SiteView | None":
        """Return what is known of a function or class of a file."""
        return None if self.history is None else self.history.function(path, name)

    def forget(self, uri: str) -> None:
        """Drop what is kept of a sheet that was closed."""
        self._kept.pop(uri, None)


def last_text(view: "SiteView") -> str:
    """Return what the last run cost: `$0.0121`, `≥ $0.004`, `unpriced`."""
    return cost_text(view.last.tally)


def month_text(view: "SiteView") -> str:
    """Return what the month cost so far; "" where nobody knows, or it is nothing."""
    if view.month is None or not view.month.calls:
        return ""
    return cost_text(view.month)


def learnt(
    items: Iterable[Estimate], known: Iterable[Known], reading: Reading
) -> list[Estimate]:
    """Return estimates with the token counts that past calls at their places had."""
    views = {k.estimate.site.area: k.view for k in known if k.view is not None}
    return [
        item
        if (view := views.get(item.site.area)) is None
        else _learnt(item, view, reading)
        for item in items
    ]


def _learnt(item: Estimate, view: "SiteView", reading: Reading) -> Estimate:
    return calibrated(item, view.past, book=reading.book, at=item.at)
