"""What a whole workspace will cost: its files read in a process of their own."""

from cellcost_lsp.survey.spends import FileSpend, Spend, file_spend, totals

__all__ = ["FileSpend", "Spend", "file_spend", "totals"]
