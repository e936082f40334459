"""Square: item sales and transactions of the point of sale, older and newer column sets.

A local date and time with the zone beside them, amounts with a currency sign, refunds as negative
rows that repeat the transaction's id. Customers are named in these files only.
"""

from connectors.contract import Column, Contract, Name, Variant, column

_WHEN = (
    column("Date", "Local date", "date", required=True),
    column("Time", "Local time", "time", required=True),
    column("Time Zone", "The location's time zone, in words", "time_zone", required=True),
)
_CUSTOMER = (
    column("Customer ID", "The customer, where known", names="record:square:customers"),
    column("Customer Name", "The customer's name, where known", names="full_name"),
    column(
        "Customer Reference ID",
        "The customer in the seller's own system",
        names="reference:shopify:customers",
    ),
)
_SALE = Name("order", "'square:' || as_text(transaction_id)", is_own=True)
_TIME = 'square_utc("date", "time", time_zone)'


def _money(header: str, description: str, *, required: bool = False) -> Column:
    return column(header, description, "decimal", required=required)


ITEMS = Contract(
    system="square",
    export="items",
    title="Square item sales",
    description="What was sold, line by line; a refund is a row of its own with negative amounts.",
    grain="One row per line item of a payment or refund.",
    format="csv",
    key=("transaction_id",),
    repeats_key=True,
    variants=(
        Variant("2026", headers=("Card Brand",)),
        Variant("2023", headers=("GTIN",)),
        Variant("2020", headers=("Customer ID",)),
        Variant("2017", headers=("Item",)),
    ),
    time=_TIME,
    names=(_SALE,),
    columns=(
        *_WHEN,
        column("Category", "Category of the item"),
        column("Item", "What was sold", required=True),
        column("Qty", "How many; negative in a refund", "decimal", required=True),
        column("Price Point Name", "Variation of the item"),
        column("SKU", "Stock number"),
        column("Modifiers Applied", "Modifiers"),
        _money("Gross Sales", "Before discounts and tax", required=True),
        _money("Discounts", "Discounts, negative"),
        _money("Net Sales", "After discounts, before tax", required=True),
        _money("Tax", "Tax"),
        column("Transaction ID", "The transaction; a refund has that of its sale", required=True),
        column("Payment ID", "The payment or refund"),
        column("Device Name", "Device"),
        column("Notes", "Notes"),
        column("Details", "Link to the receipt"),
        column("Event Type", "Payment or Refund"),
        column("Location", "Where it was sold"),
        column("Dining Option", "Here or to go"),
        *_CUSTOMER,
        column("Unit", "Unit of the quantity"),
        column("Count", "Items counted", "decimal"),
        column("GTIN", "Bar code"),
        column("Itemization Type", "Physical good, gift card, …"),
        _money("Commission", "Commission of the employee"),
        column("Employee", "Who sold it"),
        column("Fulfillment Note", "Note on fulfilment"),
        column("Channel", "Sales channel"),
        column("Token", "The item's id"),
        column("Card Brand", "Card brand"),
        column("PAN Suffix", "Last digits of the card"),
    ),
)

TRANSACTIONS = Contract(
    system="square",
    export="transactions",
    keys=(
        (
            "record_key",
            "'square:transactions:' || as_text(transaction_id) || ':' || as_text(payment_id)",
        ),
    ),
    title="Square transactions",
    description="Payments and refunds with how they were paid; a refund has a payment id of its"
    " own and its sale's transaction id.",
    grain="One row per payment or refund.",
    format="csv",
    key=("transaction_id", "payment_id"),
    variants=(
        Variant("2026", headers=("International Fee",)),
        Variant("2022", headers=("Transaction Status",)),
        Variant("2018", headers=("Total Collected",)),
    ),
    time=_TIME,
    names=(_SALE,),
    columns=(
        *_WHEN,
        _money("Gross Sales", "Before discounts and tax", required=True),
        _money("Discounts", "Discounts, negative"),
        _money("Service Charges", "Service charges"),
        _money("Net Sales", "After discounts, before tax", required=True),
        _money("Gift Card Sales", "Gift cards sold"),
        _money("Tax", "Tax"),
        _money("Tip", "Tip"),
        _money("Partial Refunds", "Refunded in part"),
        _money("Total Collected", "Collected in all", required=True),
        column("Source", "Point of sale, online, …"),
        _money("Card", "Paid by card"),
        column("Card Entry Methods", "Tap, chip, swipe, …"),
        _money("Cash", "Paid in cash"),
        _money("Square Gift Card", "Paid by gift card"),
        _money("Other Tender", "Paid otherwise"),
        column("Other Tender Type", "How it was paid otherwise"),
        column("Tender Note", "Note on how it was paid", aliases=("Other Tender Note",)),
        _money("Fees", "Fees, negative"),
        _money("Net Total", "Collected less fees", required=True),
        column("Transaction ID", "The transaction; a refund has that of its sale", required=True),
        column("Payment ID", "The payment or refund", required=True),
        column("Card Brand", "Card brand"),
        column("PAN Suffix", "Last digits of the card"),
        column("Device Name", "Device"),
        column("Staff Name", "Who sold it"),
        column("Staff ID", "Id of who sold it"),
        column("Details", "Link to the receipt"),
        column("Description", "Items in words"),
        column("Event Type", "Payment or Refund"),
        column("Location", "Where it was sold"),
        column("Dining Option", "Here or to go"),
        *_CUSTOMER,
        column("Device Nickname", "Device's nickname"),
        _money("Third Party Fees", "Fees of third parties"),
        column("Deposit ID", "The deposit at the bank"),
        column("Deposit Date", "Deposited on", "date"),
        column("Deposit Details", "Link to the deposit"),
        column("Fee Percentage Rate", "Fee, in percent"),
        _money("Fee Fixed Rate", "Fee, fixed part"),
        column("Refund Reason", "Why it was refunded"),
        column("Discount Name", "Discount's name"),
        column("Transaction Status", "Complete, …"),
        _money("Cash App", "Paid by Cash App"),
        column("Order Reference ID", "The order elsewhere"),
        column("Fulfillment Note", "Note on fulfilment"),
        column("Free Processing Applied", "Processed free of charge"),
        column("Channel", "Sales channel"),
        _money("Unattributed Tips", "Tips of nobody in particular"),
        column("Table Info", "Table"),
        _money("International Fee", "Fee for foreign cards"),
        column("Installment", "Paid by instalment, in files of 2018"),
    ),
)

CONTRACTS = (ITEMS, TRANSACTIONS)
