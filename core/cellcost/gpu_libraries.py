"""The libraries that compute on GPUs, by the names that are imported.

Beside `cellcost.gpu` and not in it: a kernel that uses none of them loads this alone.
"""

from typing import Final

__all__ = ["GPU_LIBRARIES"]

GPU_LIBRARIES: Final = (
    "torch",
    "jax",
    "cupy",
    "tensorflow",
    "numba.cuda",
    "vllm",
    "onnxruntime",
    "pycuda",
    "cuda",
    "cudf",
    "cuml",
    "triton",
    "llama_cpp",
    "xllamacpp",
    "ctranslate2",
    "mxnet",
    "paddle",
    "taichi",
    "warp",
)
