"""Every error cellcost raises, in two small trees.

CellcostError (Exception)            something of ours failed; never reaches a cell
├── ConfigError                      a settings file or variable is impossible
├── PriceUnknown                     no rate for this model, and why
├── JournalError                     the local book cannot be used
│   ├── JournalBusy                  another process held the journal too long
│   └── JournalTooNew                written by a newer cellcost than this one
├── CatalogueError                   a price catalogue file is malformed
├── LedgerUnavailable                the team's ledger did not answer
└── LedgerRefused                    it answered, and will not take what we send

PolicyStop (BaseException)           the guard stopped a call on purpose
├── BudgetExceeded
├── ApprovalRequired
└── ModelNotAllowed

`PolicyStop` is a BaseException because SDKs wrap every Exception in their own
connection error and retry it, and user loops swallow it (measured on anthropic 2.12).
"""

__all__ = [
    "ApprovalRequired",
    "BudgetExceeded",
    "CatalogueError",
    "CellcostError",
    "ConfigError",
    "JournalBusy",
    "JournalError",
    "JournalTooNew",
    "LedgerRefused",
    "LedgerUnavailable",
    "ModelNotAllowed",
    "PolicyStop",
    "PriceUnknown",
]


class CellcostError(Exception):
    """Something of cellcost did not work; the message says what to do next."""


class ConfigError(CellcostError):
    """A settings file or variable says something impossible."""


class PriceUnknown(CellcostError):
    """No rate is known for a model; the message is the reason."""


class JournalError(CellcostError):
    """The local journal cannot be used."""


class JournalBusy(JournalError):
    """Another process held the journal longer than we may wait."""


class JournalTooNew(JournalError):
    """The journal was migrated by a newer cellcost than this one can follow."""


class CatalogueError(CellcostError):
    """A price catalogue file is malformed."""


class LedgerUnavailable(CellcostError):
    """The team's ledger did not answer."""


class LedgerRefused(CellcostError):
    """The team's ledger will not take what is sent; trying again does not help."""


class PolicyStop(BaseException):
    """The guard stopped a call on purpose, before it was sent."""


class BudgetExceeded(PolicyStop):
    """A cap would be passed by this call."""


class ApprovalRequired(PolicyStop):
    """This call needs an approval that nobody has given."""


class ModelNotAllowed(PolicyStop):
    """The policy does not allow this model here."""
