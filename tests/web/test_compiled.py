"""Templates are compiled once, and anew when they are others."""

from __future__ import annotations

from jinja2 import DictLoader, Environment

from accord.web.layout.compiled import Compiled


def test_a_template_is_compiled_once_for_all_applications_and_anew_when_it_changed() -> None:
    cache, compiled = Compiled(), list[str]()

    class Counting(Environment):
        def _compile(self, source: str, filename: str) -> object:  # type: ignore[override]
            compiled.append(filename)
            return super()._compile(source, filename)

    def shown(text: str) -> str:
        made = Counting(loader=DictLoader({"a.html": text}), bytecode_cache=cache)
        return made.get_template("a.html").render(n=3)

    assert [shown("{{ n }} one"), shown("{{ n }} one")] == ["3 one", "3 one"]
    assert len(compiled) == 1
    assert shown("{{ n }} other") == "3 other"
    assert len(compiled) == 2
