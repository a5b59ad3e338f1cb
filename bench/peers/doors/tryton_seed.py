"""A company in an empty Tryton: a chart of accounts, a customer, products with stock. Run by the peer's own Python.

Arguments: configuration file, name of the database, how many products. Says the ids that an order needs.
"""

from __future__ import annotations

import datetime
import json
import sys
from decimal import Decimal

from proteus import Model
from proteus import config as proteus
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
from trytond.modules.account_invoice.tests.tools import create_payment_term, set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company, get_company


def main() -> None:
    """Fill it, and say what an order is made of."""
    configuration, database, products = sys.argv[1], sys.argv[2], int(sys.argv[3])
    config = proteus.set_trytond(database, config_file=configuration)
    create_company()
    create_chart()
    company = get_company()
    set_fiscalyear_invoice_sequences(create_fiscalyear()).click("create_period")
    accounts = get_accounts()
    category = Model.get("product.category")(name="Goods")
    category.accounting = True
    category.account_expense = accounts["expense"]
    category.account_revenue = accounts["revenue"]
    category.save()
    settings = Model.get("product.configuration")(1)
    settings.default_lead_time = datetime.timedelta(0)
    settings.save()
    customer = Model.get("party.party")(name="Customer")
    customer.save()
    term = create_payment_term()
    term.save()
    (unit,) = Model.get("product.uom").find([("name", "=", "Unit")])
    (storage,) = Model.get("stock.location").find([("code", "=", "STO")])
    (warehouse,) = Model.get("stock.location").find([("type", "=", "warehouse")])
    template = Model.get("product.template")
    templates = template._proxy.create(
        [
            {
                "name": f"Item {n}", "type": "goods", "default_uom": unit.id, "sale_uom": unit.id, "salable": True,
                "list_price": Decimal(10), "account_category": category.id, "products": [("create", [{}])],
            }
            for n in range(products)
        ],
        config.context,
    )  # fmt: skip
    found = [one["products"][0] for one in template._proxy.read(templates, ["products"], config.context)]
    stock = Model.get("stock.inventory")
    (inventory,) = stock._proxy.create(
        [
            {
                "location": storage.id,
                "company": company.id,
                "date": datetime.date.today(),  # noqa: DTZ011 - as the program itself does
                "lines": [
                    ("create", [{"product": one, "quantity": 1_000_000.0} for one in found])
                ],
            }
        ],
        config.context,
    )  # fmt: skip
    stock(inventory).click("confirm")
    seeded = {
        "items": found,
        "party": customer.id,
        "address": customer.addresses[0].id,
        "term": term.id,
        "company": company.id,
        "currency": company.currency.id,
        "warehouse": warehouse.id,
        "unit": unit.id,
    }
    print("SEEDED " + json.dumps(seeded), flush=True)


if __name__ == "__main__":
    main()
