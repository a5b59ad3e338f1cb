"""Which small wrong changes can be made to a module?

Each mutant replaces one expression or statement of a function, or of a constant of the module. Left alone are annotations,
docstrings, defaults of arguments, what stands only for the type checker, `assert` (it states what cannot be), and the words
of a fault or a ValueError, which are for programmers.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator

import msgspec

_SHOWN_MAX = 110  # characters of code by which a mutant is known

_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
_FOR_PROGRAMMERS = {"Fault", "NotLocked", "ValueError", "RuntimeError"}


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """One small wrong change."""

    module: str  # "accord.ledger.decide.gate"
    function: str  # "check", "Trial.atp"; for a constant of the module its name
    line: int
    kind: str
    before: str  # the code around the change
    after: str
    nth: int  # among those of the function that look the same
    place: int  # in the order in which the module's mutants are found
    is_constant: bool  # of the module
    state: str  # a digest of the function or constant as it is

    @property
    def id(self) -> str:
        """The same as long as the function reads the same there, wherever in the file it stands."""
        again = f" ({self.nth + 1})" if self.nth else ""
        return f"{self.module} {self.function}: {self.before} -> {self.after}{again}"


def mutants_of(module: str, source: str) -> list[Mutant]:
    """Every mutant of a module, in the order of the code."""
    tree = ast.parse(source)
    found: list[Mutant] = []
    seen: dict[tuple[str, str, str], int] = {}
    for place, change in enumerate(_Changes(tree).all()):
        before, after = change.shown()
        key = (change.function, before, after)
        nth = seen[key] = seen.get(key, -1) + 1
        found.append(
            Mutant(
                module=module,
                function=change.function,
                line=change.line,
                kind=change.kind,
                before=before,
                after=after,
                nth=nth,
                place=place,
                is_constant=change.is_constant,
                state=change.state,
            )
        )
    return found


def mutated(source: str, place: int) -> ast.Module:
    """The tree of a module with one mutant in it."""
    tree = ast.parse(source)
    for at, change in enumerate(_Changes(tree).all()):
        if at == place:
            change.put(change.new)
            return ast.fix_missing_locations(tree)
    raise LookupError(f"there is no mutant {place}")


class _Change:
    """A node and what takes its place."""

    def __init__(self, changes: _Changes, node: ast.AST, new: ast.AST, kind: str) -> None:
        self.function, self.is_constant, self.state = changes.function, changes.is_constant, changes.state
        self.node, self.new, self.kind = node, new, kind
        self._parents = changes.parents
        while not hasattr(node, "lineno"):  # the part of a comprehension
            node = self._parents[node][2]
        self.line: int = node.lineno

    def put(self, new: ast.AST) -> None:
        """Put a node where the changed one stands in the tree."""
        field, index, parent = self._parents[self.node]
        if index is None:
            setattr(parent, field, new)
        else:
            getattr(parent, field)[index] = new

    def shown(self) -> tuple[str, str]:
        """The code around the change without it and with it."""
        around = self._around()
        if around is self.node:
            return _words(self.node), _words(self.new)
        before = _words(around)
        self.put(self.new)
        after = _words(around)
        self.put(self.node)
        return before, after

    def _around(self) -> ast.AST:
        """The largest piece of code around the change that is still read at a glance."""
        best = node = self.node
        while isinstance(node, ast.expr | ast.keyword | ast.comprehension | ast.withitem):
            node = self._parents[node][2]
            if isinstance(
                node, ast.expr | ast.Return | ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr
            ):
                inside_words = isinstance(node, ast.FormattedValue | ast.JoinedStr)
                if len(ast.unparse(node)) > _SHOWN_MAX and best is not self.node:
                    break
                if not inside_words:
                    best = node
        return best


def _words(node: ast.AST) -> str:
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"  # what hangs on it stays as it is
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 3 * _SHOWN_MAX else text[: 3 * _SHOWN_MAX] + "..."


class _Changes:
    """The changes that can be made to a tree, found one by one: it must be as it was when the next is asked for."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self.function, self.is_constant, self.state = "", False, ""
        self.parents: dict[ast.AST, tuple[str, int | None, ast.AST]] = {}
        for parent in ast.walk(tree):
            for field, value in ast.iter_fields(parent):
                if isinstance(value, ast.AST):
                    self.parents[value] = (field, None, parent)
                elif isinstance(value, list):
                    for index, one in enumerate(value):
                        if isinstance(one, ast.AST):
                            self.parents[one] = (field, index, parent)

    def all(self) -> Iterator[_Change]:
        for node in self._tree.body:
            if isinstance(node, ast.FunctionDef):
                yield from self._of_function(node, node.name)
            elif isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        yield from self._of_function(method, f"{node.name}.{method.name}")
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                # A name in capitals holds a value, another one names a type.
                if isinstance(target, ast.Name) and target.id.isupper() and not _is_type(node.value):
                    self._enter(node, target.id, is_constant=True)
                    yield from self._inside(node.value)

    def _of_function(self, node: ast.FunctionDef, name: str) -> Iterator[_Change]:
        self._enter(node, name, is_constant=False)
        for statement in node.body:
            yield from self._inside(statement)

    def _enter(self, node: ast.AST, name: str, *, is_constant: bool) -> None:
        self.function, self.is_constant = name, is_constant
        self.state = hashlib.sha256(ast.unparse(node).encode()).hexdigest()[:12]

    def _inside(self, node: ast.AST) -> Iterator[_Change]:
        if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom):
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring
        for kind, new in _instead(node):
            yield _Change(self, node, ast.copy_location(new, node), kind)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _FOR_PROGRAMMERS
        ):
            return
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "args", "decorator_list") and not isinstance(
                node, ast.Call
            ):
                continue
            if isinstance(node, ast.match_case) and field == "pattern":
                continue
            if isinstance(node, ast.FormattedValue) and field == "format_spec":
                continue
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, ast.AST):
                    yield from self._inside(one)


def _instead(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What may take the place of a node."""
    match node:
        case ast.Compare(ops=[op]):
            for other in _COMPARE.get(type(op), ()):
                yield "comparison", ast.Compare(node.left, [other()], node.comparators)
        case ast.Compare():
            for place, op in enumerate(node.ops):
                for other in _COMPARE.get(type(op), ()):
                    ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
                    yield "comparison", ast.Compare(node.left, ops, node.comparators)
        case ast.BinOp() if (
            type(node.op) in _ARITHMETIC and not _is_text(node.left) and not _is_text(node.right)
        ):
            yield "arithmetic", ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
        case ast.AugAssign() if type(node.op) in _ARITHMETIC:
            yield "arithmetic", ast.AugAssign(node.target, _ARITHMETIC[type(node.op)](), node.value)
            yield "removed", ast.Pass()
        case ast.BoolOp():
            yield "boolean", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            for place in range(len(node.values)):
                rest = [*node.values[:place], *node.values[place + 1 :]]
                yield "condition dropped", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield "negation", node.operand
        case ast.Constant(value=bool()):
            yield "constant", ast.Constant(not node.value)
        case ast.Constant(value=int()):
            yield "constant", ast.Constant(node.value + 1)
        case ast.Constant(value=str()):
            yield "text", ast.Constant("" if node.value else "x")
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            keywords = [] if name == "sorted" else node.keywords
            yield "call", ast.Call(ast.Name(_CALLS[name], ast.Load()), node.args, keywords)
        case ast.Return(value=ast.expr() as value) if not _is_nothing(value):
            yield "return", ast.Return(ast.Constant(None))
        case ast.If():
            if not isinstance(node.test, ast.Name) or node.test.id != "TYPE_CHECKING":
                yield "branch", ast.If(ast.Constant(value=True), node.body, node.orelse)
                yield "branch", ast.If(ast.Constant(value=False), node.body, node.orelse)
        case ast.IfExp():
            yield "branch", node.body
            yield "branch", node.orelse
        case ast.comprehension() if node.ifs:
            for place in range(len(node.ifs)):
                rest = [*node.ifs[:place], *node.ifs[place + 1 :]]
                yield "condition dropped", ast.comprehension(node.target, node.iter, rest, node.is_async)
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Delete():
            yield "removed", ast.Pass()
        case ast.Break() | ast.Continue():
            yield "removed", ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "removed", ast.Pass()
        case _:
            pass


def _is_type(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "TypeVar"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_nothing(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
