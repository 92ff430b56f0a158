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
