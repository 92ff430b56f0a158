-- Every statement of the journal, by name. `statements.py` reads this file.

-- name: create_counter
INSERT INTO counter (one, seq, rev, installation, min_writer)
VALUES (1, 0, 0, :installation, :min_writer)

-- name: identity
SELECT installation, min_writer, rev, seq FROM counter

-- name: bump_rev
-- Bumped, then read: RETURNING builds a table of its own for its one row, which took
-- longer than all else in the transaction (bench/bench_journal.py).
UPDATE counter SET rev = rev + 1

-- name: bump_seq
UPDATE counter SET rev = rev + 1, seq = seq + 1

-- name: last_rev
SELECT rev FROM counter

-- name: put_writer
INSERT INTO writer (id, rev, started_us, host, pid, version, kernel_id, session_id,
                    notebook, stacks)
VALUES (:id, :rev, :started_us, :host, :pid, :version, :kernel_id, :session_id,
        :notebook, :stacks)
ON CONFLICT (id) DO UPDATE SET
    rev = :rev, kernel_id = :kernel_id, session_id = :session_id,
    notebook = :notebook, stacks = :stacks

-- name: end_writer
UPDATE writer SET ended_us = :time_us, rev = :rev WHERE id = :id AND ended_us IS NULL

-- name: put_intent
INSERT INTO intent (id, rev, writer, time_us, worst_nusd, body)
SELECT :id, rev, :writer, :time_us, :worst_nusd, :body FROM counter WHERE true
ON CONFLICT (id) DO NOTHING

-- name: put_live
INSERT INTO live (id, rev, time_us, lines)
SELECT :id, :rev, :time_us, :lines WHERE EXISTS (SELECT 1 FROM intent WHERE id = :id)
ON CONFLICT (id) DO UPDATE SET rev = :rev, time_us = :time_us, lines = :lines

-- name: drop_intent
DELETE FROM intent WHERE id = :id

-- name: drop_live
DELETE FROM live WHERE id = :id

-- name: has_event
SELECT 1 FROM event WHERE id = :id

-- name: put_event
INSERT INTO event (rev, id, installation, seq, time_us, kind, run_id, notebook,
                   confidence, corrects, cost_nusd, n_unpriced, lines, body)
SELECT rev, :id, installation, seq, :time_us, :kind, :run_id, :notebook,
       :confidence, :corrects, :cost_nusd, :n_unpriced, :lines, :body FROM counter

-- name: lines_of_call
SELECT lines FROM event WHERE id = :id OR corrects = :id

-- name: event_by_id
SELECT rev, id, installation, seq, time_us, kind, confidence, corrects, lines, body
FROM event WHERE id = :id

-- name: events_after
SELECT rev, id, installation, seq, time_us, kind, confidence, corrects, lines, body
FROM event WHERE rev > :after ORDER BY rev LIMIT :limit

-- name: events_selected
SELECT rev, id, installation, seq, time_us, kind, confidence, corrects, lines, body
FROM event
WHERE rev > :after
  AND time_us >= :since_us AND time_us < :until_us
  AND (:notebook IS NULL OR notebook = :notebook)
  AND (:run_id IS NULL OR run_id = :run_id)
ORDER BY rev LIMIT :limit

-- name: events_of_notebook
SELECT rev, id, installation, seq, time_us, kind, confidence, corrects, lines, body
FROM event
WHERE notebook = :notebook AND notebook <> '' AND rev > :after
  AND time_us >= :since_us AND time_us < :until_us
  AND (:run_id IS NULL OR run_id = :run_id)
ORDER BY rev LIMIT :limit

-- name: events_from_start
SELECT rev, id, installation, seq, time_us, kind, confidence, corrects, lines, body
FROM event ORDER BY rev

-- name: events_from_end
SELECT rev, id, installation, seq, time_us, kind, confidence, corrects, lines, body
FROM event ORDER BY rev DESC

-- name: pending
SELECT intent.id, intent.writer, intent.time_us, intent.worst_nusd, intent.body,
       live.time_us, live.lines
FROM intent LEFT JOIN live ON live.id = intent.id
ORDER BY intent.id

-- name: pending_of_writer
SELECT intent.id, intent.writer, intent.time_us, intent.worst_nusd, intent.body,
       live.time_us, live.lines
FROM intent LEFT JOIN live ON live.id = intent.id
WHERE intent.writer = :writer
ORDER BY intent.id

-- name: writers_with_intents
SELECT DISTINCT writer FROM intent

-- name: unended_writers
SELECT id FROM writer WHERE ended_us IS NULL

-- name: writers
SELECT id, rev, started_us, ended_us, host, pid, version, kernel_id, session_id,
       notebook, stacks
FROM writer WHERE ended_us IS NULL OR started_us >= :since_us
ORDER BY started_us

-- name: put_renamed
INSERT INTO renamed (rev, old_path, new_path, time_us)
VALUES (:rev, :old_path, :new_path, :time_us)

-- name: renames
SELECT old_path, new_path, time_us FROM renamed ORDER BY rev

-- name: process_of_writer
SELECT host, pid FROM writer WHERE id = :id

-- name: put_restored
INSERT INTO event (rev, id, installation, seq, time_us, kind, run_id, notebook,
                   confidence, corrects, cost_nusd, n_unpriced, lines, body)
SELECT rev, :id, :installation, :seq, :time_us, :kind, :run_id, :notebook,
       :confidence, :corrects, :cost_nusd, :n_unpriced, :lines, :body FROM counter

-- name: counter
SELECT rev, seq, installation FROM counter

-- name: renew_installation
UPDATE counter SET rev = rev + 1, seq = 0, installation = :new
WHERE installation = :old

-- name: put_ledger
INSERT INTO ledger (url) VALUES (:url) ON CONFLICT (url) DO NOTHING

-- name: ledger
SELECT sent_rev, reached_us, failing_us, error FROM ledger WHERE url = :url

-- name: ledger_sent
UPDATE ledger SET sent_rev = :rev, reached_us = :now_us, failing_us = NULL, error = ''
WHERE url = :url

-- name: ledger_reached
UPDATE ledger SET reached_us = :now_us, failing_us = NULL, error = '' WHERE url = :url

-- name: ledger_failed
UPDATE ledger SET failing_us = coalesce(failing_us, :now_us), error = :error
WHERE url = :url

-- name: ledger_installations
SELECT installation, contiguous, events FROM ledger_installation WHERE url = :url

-- name: put_ledger_installation
INSERT INTO ledger_installation (url, installation, contiguous, events)
VALUES (:url, :installation, :contiguous, :events)
ON CONFLICT (url, installation) DO UPDATE SET
    contiguous = :contiguous, events = :events

-- name: put_refusal
INSERT INTO ledger_refusal (url, id, status, reason)
VALUES (:url, :id, :status, :reason)
ON CONFLICT (url, id) DO UPDATE SET status = :status, reason = :reason

-- name: drop_refusal
DELETE FROM ledger_refusal WHERE url = :url AND id = :id

-- name: refusals
SELECT status, reason, count(*) FROM ledger_refusal WHERE url = :url
GROUP BY status, reason ORDER BY count(*) DESC, status, reason

-- name: has_refusals
SELECT EXISTS (SELECT 1 FROM ledger_refusal WHERE url = :url)

-- name: outgoing
SELECT rev, id, installation, seq, time_us, kind, confidence, corrects, lines, body
FROM event WHERE rev > :after ORDER BY rev LIMIT :limit

-- name: rev_before_seq
SELECT min(rev) - 1 FROM event WHERE installation = :installation AND seq > :seq

-- name: last_sent
SELECT installation, seq FROM event WHERE rev <= :rev ORDER BY rev DESC LIMIT 1

-- name: count_after
SELECT count(*) FROM event WHERE rev > :after
