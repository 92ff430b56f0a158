"""The layers found, checked and merged into the settings in force."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

from cellcost.config.environments import EnvironmentRule, find_environment, git_head
from cellcost.config.files import (
    FILE_NAME,
    SettingsFile,
    find_project_file,
    read_file,
)
from cellcost.config.gpu import (
    Allocation,
    GpuSettings,
    Market,
    OwnGpuRate,
    Sample,
)
from cellcost.config.rates import Endpoint, OwnPrice
from cellcost.config.reading import (
    Checked,
    check_arguments,
    check_environment,
    check_file,
)
from cellcost.config.schema import TAG_SECTION, scalar_settings
from cellcost.config.settings import (
    CaptureSettings,
    EditorSettings,
    Redaction,
    Settings,
    SyncSettings,
    ViewSettings,
)
from cellcost.config.trust import is_trusted, read_trust
from cellcost.errors import ConfigError
from cellcost.home import host_config_files, journal_home

if TYPE_CHECKING:
    from cellcost.policy.rules import Policy

__all__ = [
    "load_settings",
    "load_settings_and_problems",
    "load_settings_or_default",
]

ENVIRONMENT = f"{TAG_SECTION}.environment"
_NO_ARGUMENTS: Mapping[str, str] = MappingProxyType({})


def load_settings(
    *,
    cwd: Path,
    env: Mapping[str, str],
    arguments: Mapping[str, str] = _NO_ARGUMENTS,
) -> Settings:
    """Return the settings in force for code that runs in `cwd`.

    `arguments` are the last layer, by dotted key (`capture.stream_usage`). Raises
    ConfigError naming the file, the key and its likely meaning.
    """
    settings, problem = load_settings_or_default(cwd=cwd, env=env, arguments=arguments)
    if problem is not None:
        raise problem
    return settings


def load_settings_or_default(
    *,
    cwd: Path,
    env: Mapping[str, str],
    arguments: Mapping[str, str] = _NO_ARGUMENTS,
) -> tuple[Settings, ConfigError | None]:
    """Return the settings of every layer that can be read, and the first problem.

    A layer with a problem is left out whole: a mistake in a project's file neither
    lifts an admin's locks nor breaks a kernel.
    """
    settings, problems = load_settings_and_problems(
        cwd=cwd, env=env, arguments=arguments
    )
    return settings, next(iter(problems), None)


def load_settings_and_problems(
    *,
    cwd: Path,
    env: Mapping[str, str],
    arguments: Mapping[str, str] = _NO_ARGUMENTS,
) -> tuple[Settings, tuple[ConfigError, ...]]:
    """Return the settings of every layer that can be read, and each one's problem."""
    merge = _Merge(journal_home(env))
    for layer in _files(merge, cwd, env):
        merge.add_file(layer)
    for check, given in (
        (check_environment, env),
        (check_arguments, arguments),
    ):
        try:
            merge.add(check(given))
        except ConfigError as error:
            merge.problems.append(error)
    return merge.settings(cwd, env), tuple(merge.problems)


def _files(
    merge: "_Merge", cwd: Path, env: Mapping[str, str]
) -> Iterator[SettingsFile]:
    user_file = merge.home / FILE_NAME
    host = host_config_files(env)
    for path in (*host, user_file):
        try:
            found = read_file("host" if path in host else "user", path)
        except ConfigError as error:
            merge.problems.append(error)
            continue
        if found is not None:
            yield found
    try:
        project = find_project_file(cwd, env, user_file=user_file)
    except ConfigError as error:
        merge.problems.append(error)
        return
    if project is not None:
        yield project


@dataclass(slots=True)
class _Merge:
    """The layers so far, most general first."""

    home: Path
    values: dict[str, str] = field(
        default_factory=lambda: {
            s.key: s.default for s in scalar_settings() if s.default
        }
    )
    endpoints: list[Endpoint] = field(default_factory=list[Endpoint])
    prices: list[OwnPrice] = field(default_factory=list[OwnPrice])
    gpu_rates: list[OwnGpuRate] = field(default_factory=list[OwnGpuRate])
    environments: list[EnvironmentRule] = field(default_factory=list[EnvironmentRule])
    policies: "list[Policy]" = field(default_factory=list["Policy"])
    said: set[str] = field(default_factory=set[str])
    """Keys that a layer set: `values` has the defaults too."""
    locks: dict[str, str] = field(default_factory=dict[str, str])
    sources: list[Path] = field(default_factory=list[Path])
    untrusted: list[Path] = field(default_factory=list[Path])
    notes: list[str] = field(default_factory=list[str])
    problems: list[ConfigError] = field(default_factory=list[ConfigError])

    def add_file(self, file: SettingsFile) -> None:
        try:
            checked = check_file(file)
            waits = (
                file.layer == "project"
                and bool(checked.endpoints or checked.prices or checked.gpu_rates)
                and not is_trusted(file, read_trust(self.home))
            )
            if waits:
                self.untrusted.append(file.path)
                labelled = tuple(self._labelled(checked.endpoints))
                checked = replace(checked, endpoints=labelled, prices=(), gpu_rates=())
            self.add(checked)
        except ConfigError as error:
            self.problems.append(error)
            return
        self.sources.append(file.path)

    def _labelled(self, endpoints: Iterable[Endpoint]) -> Iterator[Endpoint]:
        """Yield untrusted endpoints that only explain why their calls are unpriced.

        Where a trusted one reaches, an untrusted one must not even say that.
        """
        from cellcost.prices.hosts import find_endpoint, parse_url, sort_endpoints

        trusted = sort_endpoints(self.endpoints)
        for endpoint in endpoints:
            address = parse_url(endpoint.url)
            if address is not None and find_endpoint(address, trusted) is None:
                yield replace(endpoint, trusted=False)

    def add(self, layer: Checked) -> None:
        endpoints, prices, rates = layer.endpoints, layer.prices, layer.gpu_rates
        if endpoints and self._is_locked(layer, "endpoints"):
            endpoints = ()
        if prices and self._is_locked(layer, "prices"):
            prices = ()
        if rates and self._is_locked(layer, "gpu_rates"):
            rates = ()
        _refuse_ties([*self.endpoints, *endpoints], [*self.prices, *prices])
        _refuse_gpu_ties([*self.gpu_rates, *rates])
        self.endpoints += endpoints
        self.prices += prices
        self.gpu_rates += rates
        if layer.environments and not self._is_locked(layer, "environments"):
            # What is nearer to the code is asked first.
            self.environments[:0] = layer.environments
        if layer.policy is not None and not self._is_locked(layer, "policy"):
            self.policies.append(layer.policy)
        for key, value in layer.values.items():
            if not self._is_locked(layer, key):
                self.values[key] = value
                self.said.add(key)
        for key in layer.locked:
            self.locks.setdefault(key, layer.source)
        self.notes += layer.notes

    def settings(self, cwd: Path, env: Mapping[str, str]) -> Settings:
        environment_from = self._find_environment(cwd, env)
        prefix = f"{TAG_SECTION}."
        tags = {
            key.removeprefix(prefix): value
            for key, value in self.values.items()
            if key.startswith(prefix)
        }
        stream_usage = cast(
            Literal["ask", "count"], self.values["capture.stream_usage"]
        )
        persist = cast(Literal["off"], self.values["view.persist"])
        return Settings(
            home=self.home,
            environment=tags["environment"],
            tags=MappingProxyType(tags),
            endpoints=tuple(self.endpoints),
            prices=tuple(self.prices),
            gpu_rates=tuple(self.gpu_rates),
            capture=CaptureSettings(stream_usage=stream_usage),
            view=ViewSettings(persist=persist),
            editor=self._editor(),
            sync=self._sync(),
            gpu=self._gpu(),
            policies=tuple(self.policies),
            environment_from=environment_from,
            head=git_head(cwd) if self.environments else None,
            sources=tuple(self.sources),
            untrusted=tuple(self.untrusted),
            notes=tuple(self.notes),
        )

    def _find_environment(self, cwd: Path, env: Mapping[str, str]) -> str:
        """Set the environment by branch or hub where no layer did; return why."""
        if ENVIRONMENT in self.said or self.locks.keys() & {ENVIRONMENT, TAG_SECTION}:
            return ""
        found = find_environment(self.environments, cwd=cwd, env=env)
        if found is None:
            return ""
        self.values[ENVIRONMENT] = found[0]
        return found[1]

    def _editor(self) -> EditorSettings:
        return EditorSettings(
            hints=self.values["editor.hints"] == "on",
            lenses=self.values["editor.lenses"] == "on",
            diagnostics=self.values["editor.diagnostics"] == "on",
            completion=self.values["editor.completion"] == "on",
            off=frozenset(self.values["editor.off"].split()),
        )

    def _gpu(self) -> GpuSettings:
        return GpuSettings(
            sample=cast(Sample, self.values["gpu.sample"]),
            allocation=cast(Allocation, self.values["gpu.allocation"]),
            cloud=self.values.get("gpu.cloud", ""),
            market=cast(Market, self.values["gpu.market"]),
        )

    def _sync(self) -> SyncSettings:
        said: dict[str, Redaction] = {
            name: cast(Redaction, self.values[f"sync.{name}"])
            for name in ("user", "host", "path", "cell", "call_site")
        }
        return SyncSettings(
            url=self.values.get("sync.url", ""),
            ca_file=self.values.get("sync.ca_file", ""),
            **said,
        )

    def _is_locked(self, layer: Checked, key: str) -> bool:
        for lock, source in self.locks.items():
            if key == lock or key.startswith(f"{lock}."):
                self.notes.append(
                    f"{key} from {layer.source} is ignored: {source} locks it"
                )
                return True
        return False


def _refuse_ties(endpoints: Iterable[Endpoint], prices: Iterable[OwnPrice]) -> None:
    by_url: dict[str, Endpoint] = {}
    for endpoint in endpoints:
        first = by_url.setdefault(endpoint.url, endpoint)
        if first is not endpoint:
            raise ConfigError(
                f"{_both(endpoint.source, first.source)}: endpoints {endpoint.url}"
                " is there twice; remove one"
            )
    own = tuple(prices)
    if len(own) > 1:
        # Imported here: few settings have prices, and the prices import this package.
        from cellcost.prices.own import OwnPrices

        OwnPrices(own, str)  # raises ConfigError; providers were made ids when checked


def _refuse_gpu_ties(rates: list[OwnGpuRate]) -> None:
    if len(rates) > 1:
        # Imported here: few settings have them, and the prices import this package.
        from cellcost.prices.gpu_own import OwnGpuRates

        OwnGpuRates(rates)  # raises ConfigError


def _both(source: str, other: str) -> str:
    return source if source == other else f"{source} and {other}"
