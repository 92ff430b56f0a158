"""Amazon Bedrock through boto3."""

from cellcost.analysis.families.table import Bills, Family, Kind, Makes, When

__all__ = ["FAMILY"]

_CONVERSE = Bills(
    kind="chat",
    model=("modelId",),
    prompt=("system", "messages"),
    cap=("maxTokens",),
)
_INVOKE = Bills(kind="chat", model=("modelId",), prompt=("body",), cap=())
_RUNTIME = Makes(
    kind="bedrock.runtime", when=When("service_name", 0, frozenset({"bedrock-runtime"}))
)
_AGENT = Makes(
    kind="bedrock.agent",
    when=When("service_name", 0, frozenset({"bedrock-agent-runtime"})),
)

FAMILY = Family(
    name="bedrock",
    roots=("boto3", "aioboto3", "aiobotocore"),
    kinds=(
        Kind(
            name="bedrock.runtime",
            provider="aws",
            model=(),
            methods={
                "converse": _CONVERSE,
                "converse_stream": _CONVERSE,
                "invoke_model": _INVOKE,
                "invoke_model_with_response_stream": _INVOKE,
                "start_async_invoke": _INVOKE,
            },
        ),
        Kind(
            name="bedrock.agent",
            provider="aws",
            model=(),
            methods={
                "invoke_agent": Bills(
                    kind="agent", model=(), prompt=("inputText",), cap=()
                ),
                "retrieve_and_generate": Bills(
                    kind="agent", model=(), prompt=("input",), cap=()
                ),
            },
        ),
    ),
    functions={
        "client": (_RUNTIME, _AGENT),
        "Session().client": (_RUNTIME, _AGENT),
        "session.Session().client": (_RUNTIME, _AGENT),
        "session.get_session().create_client": (_RUNTIME, _AGENT),
    },
)
