package main

import "strings"

// migrations are the versions of the schema, with placeholders for the types of each
// database. Times are in microseconds since 1970.
//
// Microcosms, conversations and comments are all items: what one of them can do, such as
// being edited, flagged, searched and authorised, is written once for all three. An item's
// version rises with each change of its text, which the cache has under that version.
func migrations() []string {
	return []string{`
CREATE TABLE sites (
	id SERIAL, subdomain TEXT NOT NULL UNIQUE, title TEXT NOT NULL, description TEXT NOT NULL DEFAULT '', owner NUMBER NOT NULL DEFAULT 0,
	created NUMBER NOT NULL, edited NUMBER NOT NULL DEFAULT 0, edit_reason TEXT NOT NULL DEFAULT '', deleted NUMBER NOT NULL DEFAULT 0
);
CREATE TABLE users (id SERIAL, email TEXT NOT NULL UNIQUE, password TEXT NOT NULL DEFAULT '');
CREATE TABLE profiles (
	id SERIAL, site NUMBER NOT NULL REFERENCES sites, person NUMBER NOT NULL REFERENCES users, name TEXT NOT NULL, avatar TEXT NOT NULL DEFAULT '',
	created NUMBER NOT NULL, edited NUMBER NOT NULL DEFAULT 0, edit_reason TEXT NOT NULL DEFAULT '', last_active NUMBER NOT NULL DEFAULT 0,
	member NUMBER NOT NULL DEFAULT 1, items NUMBER NOT NULL DEFAULT 0, comments NUMBER NOT NULL DEFAULT 0, deleted NUMBER NOT NULL DEFAULT 0,
	UNIQUE (site, person), UNIQUE (site, name)
);
CREATE TABLE tokens (
	digest BYTES PRIMARY KEY, profile NUMBER NOT NULL REFERENCES profiles, site NUMBER NOT NULL, created NUMBER NOT NULL, expires NUMBER NOT NULL
);
CREATE TABLE items (
	id SERIAL, site NUMBER NOT NULL REFERENCES sites, kind TEXT NOT NULL, parent NUMBER NOT NULL DEFAULT 0, forum NUMBER NOT NULL DEFAULT 0,
	author NUMBER NOT NULL REFERENCES profiles, version NUMBER NOT NULL DEFAULT 1, visibility TEXT NOT NULL DEFAULT 'public',
	created NUMBER NOT NULL, edited NUMBER NOT NULL DEFAULT 0, edit_reason TEXT NOT NULL DEFAULT '',
	sticky NUMBER NOT NULL DEFAULT 0, open NUMBER NOT NULL DEFAULT 1, deleted NUMBER NOT NULL DEFAULT 0, moderated NUMBER NOT NULL DEFAULT 0,
	reply_to NUMBER NOT NULL DEFAULT 0, comments NUMBER NOT NULL DEFAULT 0, views NUMBER NOT NULL DEFAULT 0, attachments NUMBER NOT NULL DEFAULT 0,
	last_comment NUMBER NOT NULL DEFAULT 0, last_at NUMBER NOT NULL DEFAULT 0, dedupe BYTES NOT NULL,
	title TEXT NOT NULL DEFAULT '', markdown TEXT NOT NULL DEFAULT '', html TEXT NOT NULL DEFAULT '', first_line TEXT NOT NULL DEFAULT ''
);
CREATE INDEX items_by_parent ON items (site, kind, parent, deleted, moderated, id);
CREATE INDEX items_by_activity ON items (site, kind, forum, sticky DESC, last_at DESC, id DESC);
CREATE INDEX items_by_kind ON items (site, kind, id);
CREATE INDEX items_by_repeat ON items (author, dedupe);
CREATE TABLE revisions (
	item NUMBER NOT NULL REFERENCES items, version NUMBER NOT NULL, title TEXT NOT NULL, markdown TEXT NOT NULL, replaced NUMBER NOT NULL,
	PRIMARY KEY (item, version)
);
CREATE TABLE roles (
	id SERIAL, site NUMBER NOT NULL REFERENCES sites, scope NUMBER NOT NULL DEFAULT 0, title TEXT NOT NULL, may NUMBER NOT NULL
);
CREATE INDEX roles_by_site ON roles (site, scope, may);
CREATE TABLE role_profiles (role NUMBER NOT NULL, profile NUMBER NOT NULL REFERENCES profiles, PRIMARY KEY (role, profile));
CREATE INDEX roles_by_profile ON role_profiles (profile);
CREATE TABLE watchers (
	id SERIAL, site NUMBER NOT NULL, profile NUMBER NOT NULL, item NUMBER NOT NULL, send_email NUMBER NOT NULL, created NUMBER NOT NULL,
	UNIQUE (profile, item)
);
CREATE INDEX watchers_by_item ON watchers (item);
CREATE TABLE updates (
	id SERIAL, site NUMBER NOT NULL, profile NUMBER NOT NULL, kind TEXT NOT NULL, item NUMBER NOT NULL, author NUMBER NOT NULL, created NUMBER NOT NULL,
	mail NUMBER NOT NULL DEFAULT 0, UNIQUE (profile, item, author)
);
CREATE INDEX updates_to_mail ON updates (id) WHERE mail = 1;
CREATE TABLE codes (digest BYTES PRIMARY KEY, email TEXT NOT NULL, expires NUMBER NOT NULL);
CREATE INDEX codes_by_email ON codes (email);
CREATE TABLE preferences (profile NUMBER NOT NULL, kind TEXT NOT NULL, send NUMBER NOT NULL, PRIMARY KEY (profile, kind));
CREATE TABLE reads (profile NUMBER NOT NULL, item NUMBER NOT NULL, comment NUMBER NOT NULL, PRIMARY KEY (profile, item));
CREATE TABLE files (
	site NUMBER NOT NULL REFERENCES sites, hash TEXT NOT NULL, name TEXT NOT NULL, ext TEXT NOT NULL, mime TEXT NOT NULL, size NUMBER NOT NULL,
	width NUMBER NOT NULL, height NUMBER NOT NULL, author NUMBER NOT NULL, created NUMBER NOT NULL, PRIMARY KEY (site, hash)
);
CREATE TABLE attachments (
	site NUMBER NOT NULL, item NUMBER NOT NULL REFERENCES items, hash TEXT NOT NULL, created NUMBER NOT NULL, PRIMARY KEY (item, hash),
	FOREIGN KEY (site, hash) REFERENCES files
);
CREATE INDEX attachments_by_hash ON attachments (site, hash);
CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires NUMBER NOT NULL);
SEARCH TABLE`}
}

func sqliteWords() *strings.Replacer {
	return strings.NewReplacer(
		"SERIAL", "INTEGER PRIMARY KEY AUTOINCREMENT", "NUMBER", "INTEGER", "BYTES", "BLOB",
		"SEARCH TABLE", "CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1)",
	)
}

func postgresWords() *strings.Replacer {
	return strings.NewReplacer(
		"SERIAL", "bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "NUMBER", "bigint", "BYTES", "bytea",
		"SEARCH TABLE", "CREATE TABLE words (id bigint PRIMARY KEY, text tsvector NOT NULL);\nCREATE INDEX words_by_text ON words USING GIN (text)",
	)
}
