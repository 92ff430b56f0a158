"""Libraries that load weights: what they cost is GPU memory and GPU hours."""

from cellcost.analysis.families.table import Family, Kind

__all__ = ["FAMILIES"]

_NO_WEIGHTS = (
    r"(?!\w*(?:Tokenizer|Processor|Config|FeatureExtractor|Scheduler|Streamer"
    r"|VaeImageProcessor|Dataset))"
)

FAMILIES = (
    Family(
        name="transformers",
        roots=(
            "transformers",
            "optimum",
            "auto_gptq",
            "awq",
            "adapters",
            "unsloth",
            "trl",
        ),
        loads={"pipeline": ("model", 1)},
        loads_like=(
            (
                rf"(?:^|\.){_NO_WEIGHTS}[A-Z]\w*\.from_pretrained$",
                ("pretrained_model_name_or_path", "model_name"),
                0,
            ),
        ),
    ),
    Family(
        name="peft",
        roots=("peft",),
        loads={
            "PeftModel.from_pretrained": ("model_id", 1),
            "PeftModelForCausalLM.from_pretrained": ("model_id", 1),
            "AutoPeftModelForCausalLM.from_pretrained": (
                "pretrained_model_name_or_path",
                0,
            ),
        },
    ),
    Family(
        name="diffusers",
        roots=("diffusers",),
        loads_like=(
            (
                rf"(?:^|\.){_NO_WEIGHTS}[A-Z]\w*\.from_(?:pretrained|single_file)$",
                ("pretrained_model_name_or_path",),
                0,
            ),
        ),
    ),
    Family(
        name="sentence_transformers",
        roots=("sentence_transformers", "FlagEmbedding"),
        loads={
            "SentenceTransformer": ("model_name_or_path", 0),
            "CrossEncoder": ("model_name_or_path", 0),
            "SparseEncoder": ("model_name_or_path", 0),
            "BGEM3FlagModel": ("model_name_or_path", 0),
            "FlagModel": ("model_name_or_path", 0),
            "FlagReranker": ("model_name_or_path", 0),
        },
    ),
    Family(
        name="vllm",
        roots=("vllm", "sglang", "lmdeploy"),
        kinds=(
            Kind(
                name="vllm.arguments",
                model=("model", "model_path"),
                position=0,
                carries=True,
            ),
        ),
        makers={"EngineArgs": "vllm.arguments", "AsyncEngineArgs": "vllm.arguments"},
        loads={
            "LLM": ("model", 0),
            "LLMEngine.from_engine_args": ("engine_args", 0),
            "AsyncLLMEngine.from_engine_args": ("engine_args", 0),
            "AsyncLLM.from_engine_args": ("engine_args", 0),
            "Engine": ("model_path", 0),
            "pipeline": ("model_path", 0),
        },
    ),
    Family(
        name="llama_cpp",
        roots=(
            "llama_cpp",
            "ctransformers",
            "gpt4all",
            "mlx_lm",
            "mlx_vlm",
            "exllamav2",
        ),
        loads={
            "Llama": ("model_path", 0),
            "Llama.from_pretrained": ("repo_id", 0),
            "AutoModelForCausalLM.from_pretrained": ("model_path_or_repo_id", 0),
            "GPT4All": ("model_name", 0),
            "load": ("path_or_hf_repo", 0),
        },
    ),
    Family(
        name="whisper",
        roots=("whisper", "faster_whisper", "whisperx"),
        loads={
            "load_model": ("name", 0),
            "WhisperModel": ("model_size_or_path", 0),
        },
    ),
)
