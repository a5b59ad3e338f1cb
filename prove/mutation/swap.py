"""How does a mutant get into a running process? The code of its function is exchanged, wherever the function is known."""

from __future__ import annotations

import ast
import importlib
import sys
from types import CodeType, FunctionType, ModuleType

from prove.mutation.mutants import Mutant, mutated


def swap_in(mutant: Mutant, source: str) -> None:
    """Make the process wrong for good: it is meant to be a child that ends after it.

    A function keeps its identity, so that who imported it before runs the mutant too. Of a constant every module that
    imported it gets the new value; what was computed from it at import stays.
    """
    module = importlib.import_module(mutant.module)
    tree = mutated(source, mutant.place)
    if mutant.is_constant:
        _swap_constant(module, mutant.function, tree)
        return
    compiled = compile(tree, str(module.__file__), "exec")
    _function(module, mutant.function).__code__ = _code(compiled, mutant.function)


def _swap_constant(module: ModuleType, name: str, tree: ast.Module) -> None:
    old = getattr(module, name)
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == name:
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert node.value is not None
            compiled = compile(ast.Expression(node.value), str(module.__file__), "eval")
            new = eval(compiled, dict(module.__dict__))  # the project's own code
    for other in list(sys.modules.values()):
        if getattr(other, "__name__", "").startswith("accord") and other.__dict__.get(name) is old:
            setattr(other, name, new)


def _function(module: ModuleType, name: str) -> FunctionType:
    *owner, last = name.split(".")
    found = vars(getattr(module, owner[0]) if owner else module)[last]
    while not isinstance(found, FunctionType):
        for inner in ("fget", "__func__", "__wrapped__", "func"):
            if hasattr(found, inner):
                found = getattr(found, inner)
                break
        else:
            raise TypeError(f"{module.__name__} {name} is {type(found).__name__}, which holds no function")
    return found


def _code(inside: CodeType, name: str) -> CodeType:
    for one in inside.co_consts:
        if isinstance(one, CodeType):
            if one.co_qualname == name:
                return one
            if name.startswith(f"{one.co_qualname}."):
                return _code(one, name)
    raise LookupError(f"there is no function {name}")
