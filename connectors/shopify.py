"""Shopify: the orders export, and the customers export in its three generations.

Shopify writes an apostrophe before numbers that a spreadsheet would damage. Metafields are columns
of the shop's own and are kept in `_extra`.
"""

from connectors.contract import Column, Contract, Name, Rule, Variant, column


def _party(prefix: str) -> tuple[Column, ...]:
    """Who pays is the person of the order; who receives may be anybody."""
    is_payer = prefix == "Billing"
    who = "who pays" if is_payer else "who receives"
    return (
        column(f"{prefix} Name", f"Name of {who}", names="full_name" if is_payer else None),
        column(f"{prefix} Street", f"Address lines 1 and 2 of {who}"),
        column(f"{prefix} Address1", f"Address line 1 of {who}"),
        column(f"{prefix} Address2", f"Address line 2 of {who}"),
        column(f"{prefix} Company", f"Company of {who}"),
        column(f"{prefix} City", f"City of {who}"),
        column(f"{prefix} Zip", f"Postal code of {who}", guarded=True, required=is_payer),
        column(f"{prefix} Province", f"Province code of {who}"),
        column(f"{prefix} Country", f"Country code of {who}"),
        column(
            f"{prefix} Phone",
            f"Telephone of {who}",
            "phone",
            guarded=True,
            names="phone" if is_payer else None,
        ),
    )


ORDERS = Contract(
    system="shopify",
    export="orders",
    # Further line items repeat the order's name and time, not its id; the name alone may recur in
    # another store.
    keys=(("order_key", "as_text(name) || '@' || as_utc(created_at)"),),
    title="Shopify orders",
    description="Orders of the shop, web and point of sale. The first row of an order has its"
    " facts; the rows of its further line items are blank but for Name, Email and the line item.",
    grain="One row per line item of an order.",
    format="csv",
    # The id is on an order's first row only; its name is on every row.
    key=("name",),
    repeats_key=True,
    time="as_utc(created_at)",
    names=(
        Name("order", "'shopify:' || order_key", is_own=True),
        Name("record", "'shopify:orders:' || as_text(id)", is_own=True),
    ),
    country="as_text(billing_country)",
    columns=(
        column("Name", "The order's name in its store, such as #1001", required=True),
        column("Email", "E-mail of the order", "email", required=True),
        column("Financial Status", "Paid, refunded, …; first row only", required=True),
        column("Paid at", "Paid at", "timestamp"),
        column("Fulfillment Status", "Fulfilled, partial, …"),
        column("Fulfilled at", "Fulfilled at", "timestamp"),
        column("Accepts Marketing", "Agreed to marketing at the checkout", "boolean"),
        column("Currency", "Currency of the amounts", required=True),
        column("Subtotal", "Sum of the lines after discounts", "decimal", required=True),
        column("Shipping", "Price of shipping", "decimal"),
        column("Taxes", "Taxes", "decimal"),
        column("Total", "What was to be paid", "decimal", required=True),
        column("Discount Code", "Discount code"),
        column("Discount Amount", "Discount", "decimal"),
        column("Shipping Method", "Shipping method"),
        column("Created at", "Ordered at", "timestamp", required=True),
        column("Lineitem quantity", "Items in the line", "integer", required=True),
        column("Lineitem name", "Product and variant", required=True),
        column("Lineitem price", "Price of one item", "decimal", required=True),
        column("Lineitem compare at price", "Price before reduction", "decimal"),
        column("Lineitem sku", "Stock number", guarded=True),
        column("Lineitem requires shipping", "Is shipped", "boolean"),
        column("Lineitem taxable", "Is taxed", "boolean"),
        column("Lineitem fulfillment status", "Fulfilled, pending, …"),
        *_party("Billing"),
        *_party("Shipping"),
        column("Notes", "Note on the order"),
        column("Note Attributes", "Further attributes of the order"),
        column("Cancelled at", "Cancelled at", "timestamp", aliases=("Canceled at",)),
        column("Payment Method", "Payment method"),
        column("Payment Reference", "Payment reference", guarded=True),
        column("Refunded Amount", "Refunded", "decimal"),
        column("Vendor", "Vendor of the line"),
        column("Outstanding Balance", "Still to be paid", "decimal"),
        column("Employee", "Who sold it, at a point of sale"),
        column("Location", "Where it was sold, at a point of sale"),
        column("Device ID", "Point-of-sale device", guarded=True),
        column("Id", "The order's id; first row only", guarded=True, required=True),
        column("Tags", "Tags of the order"),
        column("Risk Level", "Risk of fraud"),
        column("Source", "Channel: web, pos, …"),
        column("Lineitem discount", "Discount on the line", "decimal"),
        *(
            part
            for number in range(1, 6)
            for part in (
                column(f"Tax {number} Name", f"Name of tax {number}"),
                column(f"Tax {number} Value", f"Amount of tax {number}", "decimal"),
            )
        ),
        column("Phone", "Telephone of the order", "phone", guarded=True),
        column("Receipt Number", "Receipt, at a point of sale", guarded=True),
        column("Duties", "Duties"),
        column("Billing Province Name", "Province of who pays"),
        column("Shipping Province Name", "Province of who receives"),
        column("Payment ID", "Payment's id", guarded=True),
        column("Payment Terms Name", "Payment terms"),
        column("Next Payment Due At", "Next payment due at", "timestamp"),
        column("Payment References", "Payment references", guarded=True),
        column(
            "Customer ID",
            "The customer's id; in some shops only",
            guarded=True,
            names="record:shopify:customers",
        ),
    ),
    rules=(
        Rule(
            "refunded_amount",
            'as_decimal("refunded_amount") > as_decimal("total")',
            "refunded more than paid",
            "at most the order's total",
            "look whether the shop gave goodwill, or the export is wrong",
            "'a greater amount'",
            is_of_filled=True,
            action="flag",
        ),
    ),
)

CUSTOMERS = Contract(
    system="shopify",
    export="customers",
    keys=(
        (
            "record_key",
            "'shopify:customers:' || coalesce(as_text(customer_id), md5(lower(as_text(email))),"
            " md5(nullif(regexp_replace(phone, '[^0-9]', '', 'g'), '')),"
            " md5(lower(concat_ws('|', as_text(first_name), as_text(last_name),"
            " as_text(default_address_zip)))))",
        ),
    ),
    title="Shopify customers",
    description="Customers of the shop. The generations before 2024 have no customer id.",
    grain="One row per customer.",
    format="csv",
    key=("customer_id",),
    key_otherwise=("email", "phone", "last_name", "first_name"),
    anchors=(
        ("total_spent", "total_orders"),
        ("accepts_email_marketing", "tax_exempt"),
    ),
    variants=(
        Variant("current", headers=("Customer ID",)),
        Variant("previous", headers=("Accepts Email Marketing",)),
        Variant("2020", headers=("Accepts Marketing",)),
    ),
    is_open=True,
    names=(Name("record", "record_key", is_own=True),),
    country="coalesce(as_text(default_address_country_code), as_text(country))",
    columns=(
        column("Customer ID", "The customer's id", guarded=True),
        column("First Name", "Given name", required=True, names="first_name"),
        column("Last Name", "Surname", required=True, names="last_name"),
        column("Email", "E-mail", "email", required=True),
        column(
            "Accepts Email Marketing",
            "Agreed to e-mail marketing",
            "boolean",
            aliases=("Accepts Marketing",),
            required=True,
        ),
        column("Default Address Company", "Company", aliases=("Company",)),
        column("Default Address Address1", "Address line 1", aliases=("Address1",)),
        column("Default Address Address2", "Address line 2", aliases=("Address2",)),
        column("Default Address City", "City", aliases=("City",)),
        column(
            "Default Address Province Code", "Province code", aliases=("Province Code",)
        ),
        column("Default Address Country Code", "Country code", aliases=("Country Code",)),
        column("Default Address Zip", "Postal code", aliases=("Zip",), guarded=True),
        column("Default Address Phone", "Telephone of the address", "phone", guarded=True),
        column("Province", "Province, in the generations before 2024"),
        column("Country", "Country, in the generations before 2024"),
        column("Phone", "Telephone", "phone", guarded=True),
        column("Accepts SMS Marketing", "Agreed to text messages", "boolean"),
        column("Total Spent", "Spent in all", "decimal"),
        column("Total Orders", "Orders in all", "integer"),
        column("Note", "Note on the customer"),
        column("Tax Exempt", "Pays no tax", "boolean"),
        column("Tags", "Tags of the customer"),
    ),
)

CONTRACTS = (ORDERS, CUSTOMERS)
