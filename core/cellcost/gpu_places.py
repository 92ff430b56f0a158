"""Where this machine stands: which cloud, which type, and whether its GPUs are ours.

Told by what the firmware says of the machine and by environment variables; nothing is
asked over the network. What nobody says is unknown, not guessed.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cellcost.config.gpu import Allocation

__all__ = ["Place", "allocation_of", "find_place", "read_firmware"]

DMI = Path("/sys/class/dmi/id")
_FILES = ("sys_vendor", "product_name", "chassis_asset_tag", "chassis_type")

# The tag that Azure gives its machines, and Hyper-V elsewhere does not (cloud-init's
# DataSourceAzure looks for it).
_AZURE_TAG = "7783-7084-3265-9085-8269-3286-77"

# SMBIOS 7.4.1: desktop, low profile, pizza box, mini tower, tower, portable, laptop,
# notebook, hand held; all in one, sub notebook; tablet, convertible, detachable, mini.
_PERSONAL_CHASSIS = frozenset(map(str, (*range(3, 12), 13, 14, 30, 31, 32, 35)))

# One of these set tells a service that rents machines under prices of its own.
_SERVICES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "Amazon SageMaker",
        "aws",
        ("SAGEMAKER_APP_TYPE", "SAGEMAKER_INTERNAL_IMAGE_URI", "SM_TRAINING_ENV"),
    ),
    ("Databricks", "", ("DATABRICKS_RUNTIME_VERSION",)),
    ("Google Vertex AI", "gcp", ("VERTEX_PRODUCT", "CLOUD_ML_JOB_ID")),
    (
        "Google Colab",
        "gcp",
        ("COLAB_RELEASE_TAG", "COLAB_BACKEND_VERSION", "COLAB_GPU"),
    ),
    ("Kaggle", "gcp", ("KAGGLE_KERNEL_RUN_TYPE",)),
    (
        "Azure Machine Learning",
        "azure",
        ("AZUREML_RUN_ID", "AZUREML_ARM_WORKSPACE_NAME"),
    ),
)
# Of these the list prices are those of the machine.
_CLOUDS: tuple[tuple[str, str], ...] = (
    ("runpod", "RUNPOD_POD_ID"),
    ("modal", "MODAL_TASK_ID"),
    ("vast", "VAST_CONTAINERLABEL"),
)
_SLURM_GPUS = ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is known of the machine that a GPU is in."""

    cloud: str = ""
    """`aws`, `azure`, `gcp`, `runpod` ...; "" where nobody says."""
    instance: str = ""
    """The machine's type, where the firmware or a variable tells it."""
    service: str = ""
    """A service with prices of its own that runs on that cloud."""
    gpus: int = 0
    """How many GPUs the machine has; 0 where nobody counted."""
    ours: bool = False
    """Whether its GPUs are given to one user or job alone."""
    because: tuple[str, ...] = ()
    """What tells so, in words."""


def find_place(firmware: Mapping[str, str], env: Mapping[str, str]) -> Place:
    """Return the place that the firmware's files (by name) and variables tell."""
    service, cloud, clue = _service(env)
    because = [clue] if clue else []
    if not service:
        cloud, clue = _cloud(firmware, env)
        because += [clue] if clue else []
    ours, why = _ours(service, cloud, firmware, env)
    return Place(
        cloud=cloud,
        instance=_instance(service, cloud, firmware, env),
        service=service,
        ours=ours,
        because=(*because, *([why] if why else [])),
    )


def read_firmware(folder: Path = DMI) -> dict[str, str]:
    """Return what the firmware says of this machine; {} where it cannot be read."""
    found: dict[str, str] = {}
    for name in _FILES:
        with suppress(OSError, ValueError):
            found[name] = (folder / name).read_text(encoding="utf-8").strip()
    return found


def allocation_of(setting: Allocation, place: Place) -> Literal["shared", "exclusive"]:
    """Return how a GPU's time is shared out, by the setting or by the place."""
    if setting == "auto":
        return "exclusive" if place.ours else "shared"
    return setting


def _service(env: Mapping[str, str]) -> tuple[str, str, str]:
    for service, cloud, variables in _SERVICES:
        for variable in variables:
            if env.get(variable):
                return service, cloud, f"{variable} is set: {service}"
    return "", "", ""


def _cloud(firmware: Mapping[str, str], env: Mapping[str, str]) -> tuple[str, str]:
    for cloud, variable in _CLOUDS:
        if env.get(variable):
            return cloud, f"{variable} is set"
    vendor, product = firmware.get("sys_vendor", ""), firmware.get("product_name", "")
    tag = firmware.get("chassis_asset_tag", "")
    if vendor == "Amazon EC2":
        return "aws", f"the firmware says {vendor}"
    if vendor == "Google" and product == "Google Compute Engine":
        return "gcp", f"the firmware says {product}"
    if tag == _AZURE_TAG:
        return "azure", "the firmware has Azure's asset tag"
    if tag == "OracleCloud.com":
        return "oci", f"the firmware says {tag}"
    return "", ""


def _instance(
    service: str, cloud: str, firmware: Mapping[str, str], env: Mapping[str, str]
) -> str:
    if service:
        return env.get("SM_CURRENT_INSTANCE_TYPE", "")
    # On Nitro the product is the instance type.
    product = firmware.get("product_name", "")
    return product if cloud == "aws" and "." in product else ""


def _ours(
    service: str, cloud: str, firmware: Mapping[str, str], env: Mapping[str, str]
) -> tuple[bool, str]:
    """Say whether the GPUs here are one user's or job's alone, and why."""
    if env.get("SLURM_JOB_ID"):
        if env.get("SLURM_SHARDS_ON_NODE"):
            return False, "the Slurm job has a shard of a GPU"
        if any(env.get(name) for name in _SLURM_GPUS):
            return True, "the Slurm job has GPUs of its own"
        return False, ""
    if env.get("JUPYTERHUB_API_URL"):
        if env.get("KUBERNETES_SERVICE_HOST"):
            return True, "the server is a pod of a JupyterHub"
        return False, "the hub's users share the machine"
    if service == "Databricks":
        return False, "a cluster may have several users"
    if service or cloud in ("runpod", "modal", "vast"):
        return True, f"{service or cloud} gives a GPU to one user"
    return _own_desk(firmware, env)


def _own_desk(firmware: Mapping[str, str], env: Mapping[str, str]) -> tuple[bool, str]:
    desktop = firmware.get("chassis_type", "") in _PERSONAL_CHASSIS
    screen = any(env.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if desktop and screen and not any(_remote(env)):
        return True, "a desktop or laptop with a screen of its own"
    return False, ""


def _remote(env: Mapping[str, str]) -> Iterator[bool]:
    for name in ("SSH_CONNECTION", "SSH_CLIENT", "KUBERNETES_SERVICE_HOST"):
        yield bool(env.get(name))
