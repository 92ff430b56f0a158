-- A limit of device time, in milliseconds. NULL where an alarm does not look at it.
ALTER TABLE alarm ADD COLUMN limit_gpu_ms BIGINT;
ALTER TABLE alarm_fired ADD COLUMN gpu_ms TEXT;

-- The few events that have device time, found without reading all of a day.
CREATE INDEX event_gpu ON event (tenant, time_us) WHERE kind IN ('gpu', 'correction');
