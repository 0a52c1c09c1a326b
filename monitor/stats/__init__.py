"""Numbers in, numbers out: ranks, bets, regressions, clusters. No exchange, no clock, no file is known here."""
