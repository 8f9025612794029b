"""The same invoices from the trace alone, in exact decimals: what index.mjs prints last, to the last digit."""

import csv
from decimal import Decimal
from pathlib import Path

TRACE = Path(__file__).parent / "../quickstart/traces/azure-llm-2023-conversation.csv"
SENDERS = "ada ben ada cy ada dee ben eve".split()
CUSTOMERS = ["ada", "ben", "cy", "dee", "eve"]
COST = {"small": ("0.0000005", "0.0000015"), "large": ("0.0000025", "0.00001")}
TIERS = [(1_000_000, "0.000012"), (3_000_000, "0.00001"), (None, "0.000008")]
INCLUDED, FEE = 500_000, Decimal(20)


def price(units):
    total, start = Decimal(0), 0
    for end, amount in TIERS:
        stop = units if end is None else min(units, end)
        total += max(0, stop - start) * Decimal(amount)
        start = max(start, stop)
    return total


used, cost = dict.fromkeys(CUSTOMERS, 0), dict.fromkeys(CUSTOMERS, Decimal(0))
with TRACE.open(newline="") as file:
    for row, line in enumerate(csv.DictReader(file)):
        who = SENDERS[row % 8]
        sent, answered = int(line["ContextTokens"]), int(line["GeneratedTokens"])
        model = COST["large" if row % 5 == 0 else "small"]
        used[who] += sent + answered
        cost[who] += sent * Decimal(model[0]) + answered * Decimal(model[1])

for who in CUSTOMERS:
    revenue = FEE + price(max(0, used[who] - INCLUDED))
    amounts = [revenue, cost[who], revenue - cost[who]]
    print(who, used[who], *(f"{amount.normalize():f}" for amount in amounts))
