"""Where a machine stands, told by its firmware's files and by variables alone."""

from pathlib import Path

import pytest

from cellcost.gpu_places import Place, allocation_of, find_place, read_firmware

EC2 = {"sys_vendor": "Amazon EC2", "product_name": "g5.2xlarge"}
GCE = {"sys_vendor": "Google", "product_name": "Google Compute Engine"}
HYPER_V = {"sys_vendor": "Microsoft Corporation", "product_name": "Virtual Machine"}
AZURE = {**HYPER_V, "chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77"}
LAPTOP = {"sys_vendor": "LENOVO", "product_name": "21CB", "chassis_type": "10"}
SERVER = {"sys_vendor": "Supermicro", "chassis_type": "23"}


def test_nothing_known_is_nothing_said() -> None:
    assert find_place({}, {}) == Place()


@pytest.mark.parametrize(
    ("firmware", "env", "cloud", "instance"),
    [
        (EC2, {}, "aws", "g5.2xlarge"),
        ({"sys_vendor": "Amazon EC2", "product_name": "HVM domU"}, {}, "aws", ""),
        (GCE, {}, "gcp", ""),
        (AZURE, {}, "azure", ""),
        (HYPER_V, {}, "", ""),
        ({"chassis_asset_tag": "OracleCloud.com"}, {}, "oci", ""),
        ({}, {"RUNPOD_POD_ID": "a1"}, "runpod", ""),
        ({}, {"MODAL_TASK_ID": "ta-1"}, "modal", ""),
        (GCE, {"MODAL_TASK_ID": "ta-1"}, "modal", ""),
        ({}, {"VAST_CONTAINERLABEL": "C.1"}, "vast", ""),
        ({"sys_vendor": "Google", "product_name": "Pixelbook"}, {}, "", ""),
        (LAPTOP, {}, "", ""),
    ],
)
def test_the_cloud_is_told_by_firmware_or_variable(
    firmware: dict[str, str], env: dict[str, str], cloud: str, instance: str
) -> None:
    place = find_place(firmware, env)
    assert (place.cloud, place.instance) == (cloud, instance)
    assert place.service == ""
    assert bool(place.because) == bool(cloud)


@pytest.mark.parametrize(
    ("env", "service", "cloud"),
    [
        ({"SAGEMAKER_APP_TYPE": "JupyterLab"}, "Amazon SageMaker", "aws"),
        ({"COLAB_RELEASE_TAG": "release-colab-1"}, "Google Colab", "gcp"),
        ({"COLAB_GPU": "1"}, "Google Colab", "gcp"),
        (
            {"VERTEX_PRODUCT": "COLAB_ENTERPRISE", "COLAB_GPU": "1"},
            "Google Vertex AI",
            "gcp",
        ),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}, "Kaggle", "gcp"),
        ({"AZUREML_RUN_ID": "r"}, "Azure Machine Learning", "azure"),
        ({"DATABRICKS_RUNTIME_VERSION": "17.1"}, "Databricks", ""),
    ],
)
def test_a_service_with_prices_of_its_own_is_known(
    env: dict[str, str], service: str, cloud: str
) -> None:
    place = find_place(GCE, env)
    assert (place.service, place.cloud, place.instance) == (service, cloud, "")
    assert place.ours == (service != "Databricks")
    assert any(next(iter(env)) in said for said in place.because)


def test_a_sagemaker_training_job_tells_its_machine_type() -> None:
    env = {"SM_TRAINING_ENV": "{}", "SM_CURRENT_INSTANCE_TYPE": "ml.g5.2xlarge"}
    assert find_place(EC2, env).instance == "ml.g5.2xlarge"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert find_place({}, {"RUNPOD_POD_ID": "", "COLAB_GPU": ""}) == Place()


POD = {"JUPYTERHUB_API_URL": "http://hub:8081/hub/api"}
DESK = {"DISPLAY": ":0"}


@pytest.mark.parametrize(
    ("firmware", "env", "ours"),
    [
        ({}, {"SLURM_JOB_ID": "7", "SLURM_JOB_GPUS": "0"}, True),
        ({}, {"SLURM_JOB_ID": "7", "SLURM_GPUS_ON_NODE": "2"}, True),
        ({}, {"SLURM_JOB_ID": "7"}, False),
        (
            {},
            {"SLURM_JOB_ID": "7", "SLURM_JOB_GPUS": "0", "SLURM_SHARDS_ON_NODE": "4"},
            False,
        ),
        ({}, {**POD, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, True),
        ({}, POD, False),
        (LAPTOP, {**POD, **DESK}, False),
        ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, False),
        ({}, {"RUNPOD_POD_ID": "a1"}, True),
        (LAPTOP, DESK, True),
        (LAPTOP, {"WAYLAND_DISPLAY": "wayland-0"}, True),
        (LAPTOP, {}, False),
        (LAPTOP, {**DESK, "SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, False),
        (SERVER, DESK, False),
        (EC2, {}, False),
    ],
)
def test_a_gpu_is_one_user_s_alone_only_where_something_says_so(
    firmware: dict[str, str], env: dict[str, str], *, ours: bool
) -> None:
    place = find_place(firmware, env)
    assert place.ours == ours
    assert place.because or not ours


def test_the_setting_goes_before_what_the_place_tells() -> None:
    ours, shared = Place(ours=True), Place()
    assert allocation_of("auto", ours) == "exclusive"
    assert allocation_of("auto", shared) == "shared"
    assert allocation_of("shared", ours) == "shared"
    assert allocation_of("exclusive", shared) == "exclusive"


def test_the_firmware_s_files_are_read_as_far_as_they_can_be(tmp_path: Path) -> None:
    (tmp_path / "sys_vendor").write_text("Amazon EC2\n")
    (tmp_path / "product_name").write_bytes(b"\xff\xfe")
    (tmp_path / "chassis_type").mkdir()
    assert read_firmware(tmp_path) == {"sys_vendor": "Amazon EC2"}
    assert read_firmware(tmp_path / "none") == {}
