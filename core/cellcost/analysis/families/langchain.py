"""LangChain and LangGraph: model objects and whatever is built from them."""

from types import MappingProxyType

from cellcost.analysis.families.table import Bills, Family, Kind, Makes, Method

__all__ = ["FAMILY"]

_MODEL = ("model", "model_name", "model_id", "azure_deployment", "deployment_name")
_ASK = Bills(kind="chat", where="receiver", prompt=("input",), prompt_at=0)
_MANY = Bills(kind="chat", where="receiver", prompt=("inputs",), prompt_at=0, many=True)
_EMBED = Bills(
    kind="embeddings", where="receiver", prompt=("text",), prompt_at=0, cap=()
)
_EMBED_MANY = Bills(
    kind="embeddings", where="receiver", prompt=("texts",), prompt_at=0, cap=()
)
_SAME = (
    "as_retriever",
    "assign",
    "bind",
    "bind_functions",
    "bind_tools",
    "compile",
    "configurable_alternatives",
    "configurable_fields",
    "from_chain_type",
    "from_llm",
    "from_messages",
    "map",
    "pick",
    "pipe",
    "with_config",
    "with_fallbacks",
    "with_listeners",
    "with_options",
    "with_retry",
    "with_structured_output",
    "with_types",
)
_ASKS = (
    "__call__",
    "acall",
    "ainvoke",
    "apredict",
    "apredict_messages",
    "arun",
    "astream",
    "astream_events",
    "astream_log",
    "call",
    "invoke",
    "predict",
    "predict_messages",
    "run",
    "stream",
)
_ASKS_MANY = ("abatch", "abatch_as_completed", "apply", "batch", "batch_as_completed")
_GENERATES = ("agenerate", "agenerate_prompt", "generate", "generate_prompt")

RUNNABLE: MappingProxyType[str, Method] = MappingProxyType(
    {
        **dict.fromkeys(_SAME, Makes()),
        **dict.fromkeys(_ASKS, _ASK),
        **dict.fromkeys((*_ASKS_MANY, *_GENERATES), _MANY),
    }
)

_CHATS = {
    "AzureChatOpenAI": "azure",
    "AzureOpenAI": "azure",
    "Anthropic": "anthropic",
    "AnthropicLLM": "anthropic",
    "Bedrock": "aws",
    "BedrockLLM": "aws",
    "ChatAnthropic": "anthropic",
    "ChatAnthropicVertex": "google",
    "ChatBedrock": "aws",
    "ChatBedrockConverse": "aws",
    "BedrockChat": "aws",
    "ChatCohere": "cohere",
    "Cohere": "cohere",
    "ChatDeepSeek": "deepseek",
    "ChatFireworks": "fireworks",
    "ChatGoogleGenerativeAI": "google",
    "GoogleGenerativeAI": "google",
    "ChatGroq": "groq",
    "ChatHuggingFace": "huggingface",
    "HuggingFaceEndpoint": "huggingface",
    "HuggingFaceHub": "huggingface",
    "ChatLiteLLM": "",
    "ChatMistralAI": "mistral",
    "ChatNVIDIA": "nvidia",
    "ChatOllama": "ollama",
    "Ollama": "ollama",
    "OllamaLLM": "ollama",
    "ChatOpenAI": "openai",
    "OpenAI": "openai",
    "ChatOpenRouter": "openrouter",
    "ChatPerplexity": "perplexity",
    "ChatTogether": "together",
    "Together": "together",
    "ChatVertexAI": "google",
    "VertexAI": "google",
    "ChatXAI": "x-ai",
    "Replicate": "replicate",
    "init_chat_model": "",
}
_EMBEDDINGS = {
    "AzureOpenAIEmbeddings": "azure",
    "BedrockEmbeddings": "aws",
    "CohereEmbeddings": "cohere",
    "GoogleGenerativeAIEmbeddings": "google",
    "MistralAIEmbeddings": "mistral",
    "OllamaEmbeddings": "ollama",
    "OpenAIEmbeddings": "openai",
    "TogetherEmbeddings": "together",
    "VertexAIEmbeddings": "google",
    "VoyageAIEmbeddings": "voyageai",
    "init_embeddings": "",
}

FAMILY = Family(
    name="langchain",
    roots=(
        "langchain",
        "langchain_anthropic",
        "langchain_aws",
        "langchain_classic",
        "langchain_cohere",
        "langchain_community",
        "langchain_core",
        "langchain_deepseek",
        "langchain_experimental",
        "langchain_fireworks",
        "langchain_google_genai",
        "langchain_google_vertexai",
        "langchain_groq",
        "langchain_huggingface",
        "langchain_litellm",
        "langchain_mistralai",
        "langchain_nvidia_ai_endpoints",
        "langchain_ollama",
        "langchain_openai",
        "langchain_openrouter",
        "langchain_perplexity",
        "langchain_text_splitters",
        "langchain_together",
        "langchain_voyageai",
        "langchain_xai",
        "langgraph",
        "langgraph_supervisor",
        "langgraph_swarm",
        "deepagents",
    ),
    kinds=(
        Kind(
            name="langchain.chat",
            model=_MODEL,
            position=0,
            methods=RUNNABLE,
            carries=True,
        ),
        Kind(
            name="langchain.embeddings",
            model=_MODEL,
            methods={
                "embed_query": _EMBED,
                "aembed_query": _EMBED,
                "embed_documents": _EMBED_MANY,
                "aembed_documents": _EMBED_MANY,
            },
        ),
        Kind(name="langchain.runnable", model=(), methods=RUNNABLE, carries=True),
        Kind(
            name="langchain.agent",
            model=("model", "llm"),
            position=0,
            methods=RUNNABLE,
            carries=True,
        ),
    ),
    makers={
        **dict.fromkeys(_CHATS, "langchain.chat"),
        **dict.fromkeys(_EMBEDDINGS, "langchain.embeddings"),
        "create_react_agent": "langchain.agent",
        "create_agent": "langchain.agent",
        "create_deep_agent": "langchain.agent",
        "create_supervisor": "langchain.agent",
        "BaseChatModel": "langchain.runnable",
        "BaseLanguageModel": "langchain.runnable",
        "BaseLLM": "langchain.runnable",
        "Runnable": "langchain.runnable",
    },
    loads={
        "HuggingFacePipeline.from_model_id": ("model_id", 0),
        "HuggingFaceEmbeddings": ("model_name", None),
        "HuggingFaceInstructEmbeddings": ("model_name", None),
        "HuggingFaceBgeEmbeddings": ("model_name", None),
        "SentenceTransformerEmbeddings": ("model_name", None),
        "HuggingFaceCrossEncoder": ("model_name", None),
        "LlamaCpp": ("model_path", None),
        "CTransformers": ("model", None),
        "GPT4All": ("model", None),
        "VLLM": ("model", None),
    },
    providers={**_CHATS, **_EMBEDDINGS},
    default_kind="langchain.runnable",
)
