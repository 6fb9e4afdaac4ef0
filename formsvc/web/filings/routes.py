"""All pages of the store on their blueprint: importing them puts them there."""

from formsvc.web.filings import drafting, filing, lists, money, telling
from formsvc.web.filings.blueprint import filings

PAGES = (drafting, filing, lists, money, telling)

__all__ = ["PAGES", "filings"]
