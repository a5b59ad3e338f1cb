"""django-oscar behind one Django view: a basket, the checks of its strategy, an order placed by its own OrderCreator.

Nothing of its pages, sessions or steps of the checkout is in the way. Run by the peer's own Python: `oscar_door.py seed N`
makes the tables and N products and says their ids; gunicorn serves `oscar_door:application`. The database is in
`OSCAR_DB_NAME`, `OSCAR_DB_HOST`, `OSCAR_DB_PORT` and `OSCAR_DB_USER`.
"""

from __future__ import annotations

import json
import os
import sys

import django
from django.conf import settings
from oscar import INSTALLED_APPS as OSCAR_APPS
from oscar import defaults

settings.configure(
    **{name: getattr(defaults, name) for name in dir(defaults) if name.isupper()},
    SECRET_KEY="of a bench",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.sites",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "django.contrib.flatpages",
        *(app for app in OSCAR_APPS if not app.startswith("django.")),
    ],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],  # it says how long an answer is
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
    SITE_ID=1,
    USE_TZ=True,
    STATIC_URL="/static/",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["OSCAR_DB_NAME"],
            "HOST": os.environ["OSCAR_DB_HOST"],
            "PORT": os.environ["OSCAR_DB_PORT"],
            "USER": os.environ["OSCAR_DB_USER"],
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.core.management import call_command  # noqa: E402 - only once Django knows its settings
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import transaction  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from oscar.core.loading import get_class, get_model  # noqa: E402

Basket = get_model("basket", "Basket")
Product = get_model("catalogue", "Product")
OrderCreator = get_class("order.utils", "OrderCreator")
OrderTotalCalculator = get_class("checkout.calculators", "OrderTotalCalculator")
Free = get_class("shipping.methods", "Free")
Selector = get_class("partner.strategy", "Selector")


def order(request: HttpRequest) -> JsonResponse:
    """One order of one line, durable when it is answered; 409 when the stock does not suffice."""
    asked = json.loads(request.body)
    with transaction.atomic():
        product = Product.objects.get(pk=asked["item"])
        basket = Basket.objects.create()
        basket.strategy = Selector().strategy()
        info = basket.strategy.fetch_for_product(product)
        is_permitted, why = info.availability.is_purchase_permitted(asked["quantity"])
        if not is_permitted:
            return JsonResponse({"why": str(why)}, status=409)
        basket.add_product(product, quantity=asked["quantity"])
        shipping = Free()
        charge = shipping.calculate(basket)
        placed = OrderCreator().place_order(
            basket=basket,
            total=OrderTotalCalculator().calculate(basket, charge),
            shipping_method=shipping,
            shipping_charge=charge,
            order_number=asked["line"],
            guest_email="someone@example.com",
        )
        basket.submit()
    return JsonResponse({"order": placed.number, "lines": placed.num_items}, status=201)


urlpatterns = [path("orders", order)]
application = get_wsgi_application()


def seed(items: int) -> None:
    """Make the tables and the products."""
    from oscar.test.factories import create_product

    call_command("migrate", verbosity=0)
    made = [create_product(title=f"Item {n}", price=10, num_in_stock=1_000_000).pk for n in range(items)]
    print("SEEDED " + json.dumps(made), flush=True)


if __name__ == "__main__":
    seed(int(sys.argv[2]))
