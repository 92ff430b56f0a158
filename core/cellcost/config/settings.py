"""The settings in force, as every room reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cellcost.config.gpu import GpuSettings, OwnGpuRate
from cellcost.config.rates import Endpoint, OwnPrice

if TYPE_CHECKING:
    from cellcost.policy.rules import Policy

__all__ = [
    "CaptureSettings",
    "EditorSettings",
    "Redaction",
    "Settings",
    "SyncSettings",
    "ViewSettings",
]

Redaction = Literal["send", "hash", "drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSettings:
    """How calls are captured."""

    stream_usage: Literal["ask", "count"] = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSettings:
    """How figures are shown and kept."""

    persist: Literal["off"] = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorSettings:
    """What an editor shows beside model calls."""

    hints: bool = True
    lenses: bool = True
    diagnostics: bool = True
    completion: bool = True
    off: frozenset[str] = frozenset({"COST002"})
    """Codes of findings that are not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """Which ledger the journal is sent to, and what of it leaves this machine."""

    url: str = ""
    ca_file: str = ""
    user: Redaction = "send"
    host: Redaction = "send"
    path: Redaction = "send"
    cell: Redaction = "send"
    call_site: Redaction = "send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every layer merged, with locks and trust applied."""

    home: Path
    environment: str = "dev"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """`environment` is always among them, so that every event carries it."""
    endpoints: tuple[Endpoint, ...] = ()
    """Those of an untrusted project have `trusted=False`: they price nothing."""
    prices: tuple[OwnPrice, ...] = ()
    gpu_rates: tuple[OwnGpuRate, ...] = ()
    capture: CaptureSettings = field(default_factory=CaptureSettings)
    view: ViewSettings = field(default_factory=ViewSettings)
    editor: EditorSettings = field(default_factory=EditorSettings)
    sync: SyncSettings = field(default_factory=SyncSettings)
    gpu: GpuSettings = field(default_factory=GpuSettings)
    policies: "tuple[Policy, ...]" = ()
    """What each file says of what may be called, the most general first."""
    environment_from: str = ""
    """Why `environment` is what it is, where no setting says it."""
    head: Path | None = None
    """The file that names the git branch, where the environment depends on it."""
    sources: tuple[Path, ...] = ()
    """The settings files that were read, most general first."""
    untrusted: tuple[Path, ...] = ()
    """Project files whose endpoints, prices and GPU rates wait for `cellcost trust`."""
    notes: tuple[str, ...] = ()
    """What was set but does not count, and why (a locked key, say)."""
