/* SPDX-License-Identifier: ISC */
/*
 * confkind.h - the kinds of value a key of the configuration can have
 *
 * Each kind reads one value of the file and shows it again as the file would
 * have it. The sentences lack the key's name: the caller knows the line.
 */
#ifndef CONFKIND_H
#define CONFKIND_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "why.h"

enum { CONF_SHOWN = PATH_MAX };	/* a value as text, its NUL included */

struct conf_word {
	const char *text;	/* NULL ends the table */
	unsigned int value;
	bool missing;		/* on this system */
};

struct conf_test {
	bool (*passes)(const char *text);
	const char *what;	/* "... is not WHAT" */
};

struct conf_kind;

struct conf_key {
	const char *section;	/* "" is the top */
	const char *name;
	const struct conf_kind *kind;
	const char *preset;	/* the default; values of a list by blanks */
	bool list;
	size_t at, size;	/* of the value, or of a list's first one */
	size_t count_at;	/* of a list's uint16_t; 0: names and profiles */
	unsigned int min, max;	/* of a number, or of a list's length */
	const void *allowed;	/* conf_word[], or the conf_test of a text */
};

struct conf_kind {
	int (*set)(const struct conf_key *key, struct conf *c,
		   const char *text, struct why *why);
	/* Value i of the key; false behind the last one. */
	bool (*show)(const struct conf_key *key, const struct conf *c,
		     unsigned int i, char text[static CONF_SHOWN]);
};

extern const struct conf_kind confkind_word;	/* enums and bools */
extern const struct conf_kind confkind_number;
extern const struct conf_kind confkind_text;
extern const struct conf_kind confkind_profile;
extern const struct conf_kind confkind_name;	/* max: a suffix */
extern const struct conf_kind confkind_listen;
extern const struct conf_kind confkind_upstream;
extern const struct conf_kind confkind_port;
extern const struct conf_kind confkind_endpoint;
extern const struct conf_kind confkind_uid;

#endif /* CONFKIND_H */
