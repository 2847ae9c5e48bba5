-- A ledger as version 1 of its tables had it; made up. Never changed: it stands for files out there.
CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL);
CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), uuid TEXT NOT NULL, revision INTEGER NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE problems (digest TEXT PRIMARY KEY, id TEXT NOT NULL, title TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE cases (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, problem TEXT NOT NULL REFERENCES problems (digest), capability TEXT, outcome TEXT NOT NULL CHECK (outcome IN ('solved', 'partly', 'failed')), year INTEGER, benefit_cny DOUBLE PRECISION CHECK (benefit_cny >= 0), source TEXT, note TEXT, identity TEXT NOT NULL, content TEXT NOT NULL, created_at TEXT NOT NULL, created_by TEXT NOT NULL, changed_at TEXT NOT NULL, changed_by TEXT NOT NULL, deleted_at TEXT, deleted_by TEXT);
CREATE UNIQUE INDEX cases_identity ON cases (identity) WHERE deleted_at IS NULL;
CREATE INDEX cases_content ON cases (content);
CREATE TABLE case_institutes (case_seq INTEGER NOT NULL REFERENCES cases (seq), position INTEGER NOT NULL, institute TEXT NOT NULL, PRIMARY KEY (case_seq, position), UNIQUE (case_seq, institute));
CREATE INDEX case_institutes_institute ON case_institutes (institute);
INSERT INTO schema_version (version, applied_at) VALUES (1, '2026-01-05T09:00:00Z');
INSERT INTO meta (one, uuid, revision, created_at) VALUES (1, '00000000000000000000000000000001', 2, '2026-01-05T09:00:00Z');
INSERT INTO problems (digest, id, title, data) VALUES ('45aaa09c87419cab03803d053a903e0b', 'P-1', '供水管网漏损', '{"id":"P-1","title":"供水管网漏损","description":"找不到漏点。","enterprise":"示例水务有限公司"}');
INSERT INTO problems (digest, id, title, data) VALUES ('eb88ee8c47ad660ecb68c8a997b4411c', 'P-2', 'Surface defects', '{"id":"P-2","title":"Surface defects","description":"It''s found too late.","industry":"electronics"}');
INSERT INTO cases (seq, id, problem, capability, outcome, year, benefit_cny, source, note, identity, content, created_at, created_by, changed_at, changed_by, deleted_at, deleted_by) VALUES (1, 'C-1', '45aaa09c87419cab03803d053a903e0b', NULL, 'solved', 2024, 1200000.0, 'https://example.org/case', NULL, '9212985ea7dbf5b741b6e7e496cebaf0', '97db3182e87dfd14d926ed9e64536fd7', '2026-01-05T09:00:00Z', '张三', '2026-01-05T09:00:00Z', '张三', NULL, NULL);
INSERT INTO case_institutes (case_seq, position, institute) VALUES (1, 0, 'alpha');
INSERT INTO case_institutes (case_seq, position, institute) VALUES (1, 1, 'beta');
INSERT INTO cases (seq, id, problem, capability, outcome, year, benefit_cny, source, note, identity, content, created_at, created_by, changed_at, changed_by, deleted_at, deleted_by) VALUES (2, 'C-2', 'eb88ee8c47ad660ecb68c8a997b4411c', NULL, 'failed', NULL, NULL, NULL, '示例', '7a403f68547def1a03170d1d2638558f', '7eb7cddbb5e93774e292e9f973887579', '2026-01-05T09:00:00Z', '张三', '2026-01-05T09:00:00Z', '张三', '2026-01-05T09:00:00Z', '李四');
INSERT INTO case_institutes (case_seq, position, institute) VALUES (2, 0, 'gone');
