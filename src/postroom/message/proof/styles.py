"""The CSS of a message, as far as checks ask for it: which properties have which values, which rules there are.

CSS Syntax 3 by tinycss2. Bounded; what is too much, or too deep, is not looked at. Not here: which of it a client knows (`clients`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import tinycss2

from postroom.message.markup.css import MAX_CSS, shallow

MAX_DECLARATIONS: Final = 20_000  # of one message that are looked at


class Styles:
    """`declarations` are pairs of a property and its value, lower case; `at_rules` the names of rules such as `media`."""

    def __init__(self, sheets: Sequence[str], inline: Sequence[str]) -> None:
        self.sheets = sheets
        self.declarations: list[tuple[str, str]] = []
        self.at_rules: set[str] = set()
        left = MAX_CSS
        for text in dict.fromkeys(inline):
            left -= len(text)
            if left >= 0 and shallow(text):
                self._declared(
                    tinycss2.parse_declaration_list(text, skip_comments=True, skip_whitespace=True)
                )
        whole = "\n".join(sheets)
        if len(whole) <= MAX_CSS and shallow(whole):
            self._rules(tinycss2.parse_stylesheet(whole, skip_comments=True, skip_whitespace=True))

    def values(self, *names: str) -> set[str]:
        """All values that these properties are given."""
        return {value for name, value in self.declarations if name in names}

    def _rules(self, rules: Iterable[Any]) -> None:
        for rule in rules:
            if rule.type == "qualified-rule":
                self._declared(
                    tinycss2.parse_declaration_list(rule.content, skip_comments=True, skip_whitespace=True)
                )
            elif rule.type == "at-rule":
                self.at_rules.add(rule.lower_at_keyword)
                if rule.content is not None and rule.lower_at_keyword in ("media", "supports"):
                    self._rules(
                        tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                    )

    def _declared(self, declared: Iterable[Any]) -> None:
        for one in declared:
            if one.type == "declaration" and len(self.declarations) < MAX_DECLARATIONS:
                self.declarations.append((one.lower_name, tinycss2.serialize(one.value).strip().lower()))
