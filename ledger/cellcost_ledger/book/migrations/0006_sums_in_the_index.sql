-- Months are summed from the index alone, in the order of days: a row of the table for
-- each of them took three to four times as long on SQLite (bench/bench_ledger_pages.py).
CREATE INDEX rollup_day_sums ON rollup_day (
    tenant, day, team, function, environment, provider, model, user_name, installation,
    events, calls, n_priced, n_unpriced, cost_nusd, input_tokens, output_tokens
);
DROP INDEX rollup_day_time;
