"""Agent frameworks: pydantic-ai, DSPy, smolagents, OpenAI Agents, CrewAI, AutoGen."""

from cellcost.analysis.families.table import Bills, Family, Kind, Makes, Method, Sets

__all__ = ["FAMILIES"]

_MODEL = ("model", "model_name", "model_id")
_RUN = Bills(
    kind="agent", prompt=("user_prompt", "task", "input", "prompt"), prompt_at=0
)
_RECEIVED = Bills(
    kind="agent", where="receiver", prompt=("task", "prompt", "message"), prompt_at=0
)


def _all(names: str, method: Method) -> dict[str, Method]:
    return dict.fromkeys(names.split(), method)


_PYDANTIC_AI = Family(
    name="pydantic_ai",
    roots=("pydantic_ai", "pydantic_ai_slim"),
    kinds=(
        Kind(name="pydantic_ai.model", model=_MODEL, position=0, carries=True),
        Kind(
            name="pydantic_ai.agent",
            model=("model",),
            position=0,
            carries=True,
            methods={
                **_all(
                    "run run_sync run_stream run_stream_sync run_stream_events iter",
                    _RUN,
                ),
                "to_cli_sync": _RUN,
                "to_cli": _RUN,
            },
        ),
    ),
    makers={
        "Agent": "pydantic_ai.agent",
        **dict.fromkeys(
            [
                "AnthropicModel",
                "BedrockConverseModel",
                "CohereModel",
                "GeminiModel",
                "GoogleModel",
                "GroqModel",
                "HuggingFaceModel",
                "MistralModel",
                "OpenAIChatModel",
                "OpenAIModel",
                "OpenAIResponsesModel",
                "FallbackModel",
                "OpenRouterModel",
                "infer_model",
            ],
            "pydantic_ai.model",
        ),
    },
    providers={
        "AnthropicModel": "anthropic",
        "BedrockConverseModel": "aws",
        "CohereModel": "cohere",
        "GeminiModel": "google",
        "GoogleModel": "google",
        "GroqModel": "groq",
        "HuggingFaceModel": "huggingface",
        "MistralModel": "mistral",
        "OpenAIChatModel": "openai",
        "OpenAIModel": "openai",
        "OpenAIResponsesModel": "openai",
        "OpenRouterModel": "openrouter",
    },
    functions={
        **_all(
            """model_request model_request_sync model_request_stream
            model_request_stream_sync""",
            Bills(kind="chat", position=0, prompt_at=1),
        ),
        "Embedder": Makes(kind="pydantic_ai.agent"),
    },
)

_DSPY = Family(
    name="dspy",
    roots=("dspy",),
    kinds=(
        Kind(
            name="dspy.lm",
            model=("model",),
            position=0,
            carries=True,
            methods=_all("__call__ acall forward aforward", _RECEIVED),
        ),
        Kind(
            name="dspy.program",
            model=("lm",),
            carries=True,
            ambient=("dspy.lm",),
            methods={
                **_all("__call__ acall forward aforward", _RECEIVED),
                "batch": Bills(kind="agent", where="receiver", prompt=(), many=True),
                "deepcopy": Makes(),
                "reset_copy": Makes(),
            },
        ),
        Kind(
            name="dspy.optimizer",
            model=("prompt_model", "task_model", "teacher_settings"),
            ambient=("dspy.lm",),
            methods={
                "compile": Bills(
                    kind="agent", where="receiver", prompt=(), makes="dspy.program"
                )
            },
        ),
    ),
    makers={
        "LM": "dspy.lm",
        **dict.fromkeys(
            [
                "Predict",
                "ChainOfThought",
                "ReAct",
                "ProgramOfThought",
                "MultiChainComparison",
                "ChainOfThoughtWithHint",
                "TypedPredictor",
                "TypedChainOfThought",
                "CodeAct",
                "BestOfN",
                "Refine",
                "Parallel",
                "RLM",
            ],
            "dspy.program",
        ),
        **dict.fromkeys(
            [
                "BootstrapFewShot",
                "BootstrapFewShotWithRandomSearch",
                "MIPROv2",
                "COPRO",
                "GEPA",
                "KNNFewShot",
                "BootstrapFinetune",
                "SIMBA",
                "Evaluate",
            ],
            "dspy.optimizer",
        ),
        "OpenAI": "dspy.lm",
    },
    functions={
        "configure": Sets(argument="lm", into="dspy.lm"),
        "settings.configure": Sets(argument="lm", into="dspy.lm"),
        "context": Sets(argument="lm", into="dspy.lm"),
        "settings.context": Sets(argument="lm", into="dspy.lm"),
    },
)

_SMOLAGENTS = Family(
    name="smolagents",
    roots=("smolagents",),
    kinds=(
        Kind(
            name="smolagents.model",
            model=("model_id", "model"),
            position=0,
            carries=True,
            methods=_all("__call__ generate generate_stream", _RECEIVED),
        ),
        Kind(
            name="smolagents.agent",
            model=("model",),
            carries=True,
            methods=_all("run __call__", _RECEIVED),
        ),
    ),
    makers={
        **dict.fromkeys(
            [
                "AmazonBedrockModel",
                "AmazonBedrockServerModel",
                "AzureOpenAIModel",
                "AzureOpenAIServerModel",
                "HfApiModel",
                "InferenceClientModel",
                "LiteLLMModel",
                "LiteLLMRouterModel",
                "OpenAIModel",
                "OpenAIServerModel",
            ],
            "smolagents.model",
        ),
        **dict.fromkeys(
            ["CodeAgent", "ToolCallingAgent", "MultiStepAgent", "ManagedAgent"],
            "smolagents.agent",
        ),
    },
    providers={
        "AmazonBedrockModel": "aws",
        "AmazonBedrockServerModel": "aws",
        "AzureOpenAIModel": "azure",
        "AzureOpenAIServerModel": "azure",
        "HfApiModel": "huggingface",
        "InferenceClientModel": "huggingface",
        "OpenAIModel": "openai",
        "OpenAIServerModel": "openai",
    },
    loads={
        "TransformersModel": ("model_id", 0),
        "VLLMModel": ("model_id", 0),
        "MLXModel": ("model_id", 0),
    },
)

_RUNNER = Bills(
    kind="agent",
    model=("starting_agent", "agent"),
    position=0,
    prompt=("input",),
    prompt_at=1,
)
_OPENAI_AGENTS = Family(
    name="openai_agents",
    roots=("agents",),
    kinds=(
        Kind(
            name="openai_agents.agent",
            provider="openai",
            model=("model",),
            carries=True,
            methods={"clone": Makes()},
        ),
        Kind(
            name="openai_agents.model",
            model=("model",),
            position=0,
            carries=True,
        ),
    ),
    makers={
        "Agent": "openai_agents.agent",
        "OpenAIChatCompletionsModel": "openai_agents.model",
        "OpenAIResponsesModel": "openai_agents.model",
        "LitellmModel": "openai_agents.model",
    },
    functions=_all("Runner.run Runner.run_sync Runner.run_streamed", _RUNNER),
)

_CREWAI = Family(
    name="crewai",
    roots=("crewai",),
    kinds=(
        Kind(
            name="crewai.llm",
            model=("model",),
            position=0,
            carries=True,
            methods=_all("call acall", _RECEIVED),
        ),
        Kind(
            name="crewai.agent",
            model=("llm",),
            carries=True,
            methods=_all("kickoff kickoff_async execute_task", _RECEIVED),
        ),
        Kind(
            name="crewai.crew",
            model=("manager_llm",),
            carries=True,
            methods={
                **_all("kickoff kickoff_async akickoff", _RECEIVED),
                **_all(
                    "kickoff_for_each kickoff_for_each_async",
                    Bills(kind="agent", where="receiver", prompt=(), many=True),
                ),
            },
        ),
    ),
    makers={
        "LLM": "crewai.llm",
        "Agent": "crewai.agent",
        "Crew": "crewai.crew",
        "Task": "crewai.agent",
    },
)

_AUTOGEN = Family(
    name="autogen",
    roots=(
        "autogen",
        "autogen_agentchat",
        "autogen_ext",
        "autogen_core",
        "ag2",
        "pyautogen",
    ),
    kinds=(
        Kind(
            name="autogen.model",
            model=("model", "azure_deployment"),
            carries=True,
            methods=_all(
                "create create_stream",
                Bills(kind="chat", where="receiver", prompt=("messages",), prompt_at=0),
            ),
        ),
        Kind(
            name="autogen.agent",
            model=("model_client", "llm_config"),
            carries=True,
            nested=("config_list", "model"),
            methods={
                **_all(
                    """run run_stream on_messages generate_reply a_generate_reply
                    generate_oai_reply""",
                    _RECEIVED,
                ),
                **_all(
                    "initiate_chat a_initiate_chat initiate_chats",
                    Bills(
                        kind="agent",
                        model=("recipient",),
                        position=0,
                        prompt=("message",),
                    ),
                ),
            },
        ),
    ),
    makers={
        **dict.fromkeys(
            [
                "OpenAIChatCompletionClient",
                "AzureOpenAIChatCompletionClient",
                "AnthropicChatCompletionClient",
                "OllamaChatCompletionClient",
            ],
            "autogen.model",
        ),
        **dict.fromkeys(
            [
                "AssistantAgent",
                "ConversableAgent",
                "UserProxyAgent",
                "RoundRobinGroupChat",
                "SelectorGroupChat",
                "MagenticOneGroupChat",
                "Swarm",
                "GroupChat",
                "GroupChatManager",
                "CodeExecutorAgent",
                "SocietyOfMindAgent",
                "MultimodalConversableAgent",
            ],
            "autogen.agent",
        ),
    },
)

_HAYSTACK = Family(
    name="haystack",
    roots=("haystack", "haystack_integrations"),
    kinds=(
        Kind(
            name="haystack.generator",
            model=("model", "azure_deployment"),
            carries=True,
            methods={
                **_all("run run_async", _RECEIVED),
                "warm_up": Makes(),
            },
        ),
        Kind(
            name="haystack.pipeline",
            model=(),
            carries=True,
            methods=_all("run run_async", _RECEIVED),
            gathers=("add_component",),
        ),
    ),
    makers={
        **dict.fromkeys(
            [
                "OpenAIGenerator",
                "OpenAIChatGenerator",
                "AzureOpenAIGenerator",
                "AzureOpenAIChatGenerator",
                "AnthropicGenerator",
                "AnthropicChatGenerator",
                "CohereGenerator",
                "CohereChatGenerator",
                "MistralChatGenerator",
                "GoogleAIGeminiGenerator",
                "HuggingFaceAPIGenerator",
                "OpenAITextEmbedder",
                "OpenAIDocumentEmbedder",
                "Agent",
            ],
            "haystack.generator",
        ),
        "Pipeline": "haystack.pipeline",
        "AsyncPipeline": "haystack.pipeline",
    },
)

FAMILIES = (
    _PYDANTIC_AI,
    _DSPY,
    _SMOLAGENTS,
    _OPENAI_AGENTS,
    _CREWAI,
    _AUTOGEN,
    _HAYSTACK,
)
