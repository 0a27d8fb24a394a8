-- Which verdicts and formats there are is asked by every ingest; of the rows themselves it need not be.
CREATE INDEX recordings_by_verdict ON recordings (verdict, quarantined, format);
