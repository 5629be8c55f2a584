/* SPDX-License-Identifier: ISC */
/*
 * confkey.h - the keys of the configuration file, one row each
 *
 * A row says where a value lies in struct conf, what it may be and how it is
 * written, so that reading, checking and printing cannot drift apart.
 */
#ifndef CONFKEY_H
#define CONFKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"
#include "conf.h"
#include "confkind.h"
#include "why.h"

enum { CONF_SECTIONS = 5 };

extern const char *const conf_sections[CONF_SECTIONS];	/* "" is the top */

extern const struct conf_key conf_keys[];	/* by section */
extern const unsigned int conf_n_keys;

/* "allow.uid" */
void confkey_name(const struct conf_key *key, char name[static CONF_WORD]);

/* The index in conf_sections[] of a name that is there. */
unsigned int confkey_section(const char *name);

/* Every key's default; no names. */
void confkey_defaults(struct conf *c);

/*
 * One value of the file. first: of its list, which then replaces the default.
 * Names go to *named, all else to *c. The sentence in *why lacks the key.
 */
NODISCARD int confkey_set(const struct conf_key *key, struct conf *c,
			  struct conf *named, bool first, const char *text,
			  struct why *why);

/* "	ttl-min = 30", as the file has it; the tab inside of sections. */
void confkey_print(const struct conf_key *key, const struct conf *c, FILE *out);

/* "sallyport", or with a family as in "inet vendor". */
bool confkey_table(const char *text, bool family);

#endif /* CONFKEY_H */
