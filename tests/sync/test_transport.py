"""Certificates are checked, proxies asked, and neither by a guess."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellcost.errors import ConfigError
from cellcost.sync.transport import HttpLink

sys.path.insert(0, str(Path(__file__).parent))

from faulty_proxy import FaultyProxy
from sending import Book, Cli, Ledger, drain


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that nobody knows, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    path = tmp_path / "own.pem"
    key = tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + key.read_text())
    return path


@pytest.fixture
def secure(ledger: Ledger, certificate: Path) -> Iterator[FaultyProxy]:
    found = FaultyProxy(ledger.port, certificate=certificate)
    yield found
    found.close()


def test_a_certificate_that_nobody_vouches_for_gets_no_key(
    secure: FaultyProxy, ledger: Ledger, book: Book
) -> None:
    book.write(1)
    done = drain(book.home, secure.url, ledger.key)
    assert (done.state, done.waiting) == ("unavailable", 1)
    assert "certificate" in done.error.lower()
    assert secure.bodies == []


def test_an_own_authority_is_named_by_a_setting_or_the_environment(
    secure: FaultyProxy, ledger: Ledger, book: Book, cli: Cli, certificate: Path
) -> None:
    book.write(1)
    own = {"CELLCOST_SYNC_URL": secure.url, "CELLCOST_SYNC_KEY": ledger.key}
    done = cli("sync", **own, SSL_CERT_FILE=str(certificate))
    assert (done.returncode, done.stderr) == (0, "")
    book.write(1)
    (cli.home / "cellcost.toml").write_text(f"[sync]\nca_file = '{certificate}'")
    done = cli("sync", **own)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_ca_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sync\.ca_file"):
        HttpLink("https://ledger.corp", "k", ca_file=str(tmp_path / "no.pem"))


def test_a_proxy_is_not_asked_for_this_machine(
    ledger: Ledger, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    book.write(1)
    assert drain(book.home, ledger.url, ledger.key).stored == 1


def test_a_proxy_is_asked_for_every_other_host(
    proxy: FaultyProxy, ledger: Ledger, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy.url)
    book.write(1)
    done = drain(book.home, "https://ledger.invalid", ledger.key)
    assert done.state == "unavailable"
    assert proxy.connections > 0
    assert done.waiting == 1


def test_a_proxy_that_cannot_be_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://x")
    with pytest.raises(ConfigError, match="HTTPS_PROXY"):
        HttpLink("https://ledger.corp", "k")
