"""One import contract that import-linter has no type for: a store belongs to the service beside it."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output

# Mutants break guards on purpose, wherever these are; no product module knows of them.
MAY_REACH_IN = "accord.simulation.mutants"


class OwnStoreContract(Contract):
    """Only `accord.<part>.service` imports `accord.<part>.store`, for every part there is, now or later."""

    type_name = "own_store"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        broken = []
        stores = {module for module in graph.modules if module.split(".")[-1] == "store"}
        for store in sorted(stores):
            service = store.removesuffix("store") + "service"
            for inside in sorted({store, *graph.find_descendants(store)}):
                importers = sorted(graph.find_modules_that_directly_import(inside))
                broken += [
                    (who, inside)
                    for who in importers
                    if not f"{who}.".startswith((f"{store}.", f"{service}.", f"{MAY_REACH_IN}."))
                ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, store in check.metadata["broken"]:
            part = store.split(".")[1]
            output.print_error(f"{importer} imports {store}: ask accord.{part}.service instead.")
