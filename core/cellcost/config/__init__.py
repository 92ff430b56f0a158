"""Settings: layered TOML files, the environment and arguments, merged and checked."""

from cellcost.config.gpu import GpuSettings, OwnGpuRate
from cellcost.config.loading import load_settings, load_settings_or_default
from cellcost.config.rates import Endpoint, OwnPrice
from cellcost.config.settings import (
    CaptureSettings,
    EditorSettings,
    Redaction,
    Settings,
    SyncSettings,
    ViewSettings,
)
from cellcost.home import journal_home

__all__ = [
    "CaptureSettings",
    "EditorSettings",
    "Endpoint",
    "GpuSettings",
    "OwnGpuRate",
    "OwnPrice",
    "Redaction",
    "Settings",
    "SyncSettings",
    "ViewSettings",
    "journal_home",
    "load_settings",
    "load_settings_or_default",
]
