/* SPDX-License-Identifier: ISC */
/*
 * jsonfile.h - a small JSON file of root's, whole at every moment
 *
 * It holds the old text or the new one, whenever we are stopped. Symlinks are
 * not followed.
 */
#ifndef JSONFILE_H
#define JSONFILE_H

#include <jansson.h>
#include <stdbool.h>

#include "compat.h"
#include "why.h"

enum { JSONFILE_MAX = 65536 };	/* octets, beyond any of ours */

struct jsonfile {
	const char *dir, *name;
	size_t max;		/* octets, JSONFILE_MAX at most */
};

bool jsonfile_exists(const struct jsonfile *f);
/* A new reference in *root, NULL where there is no file. */
NODISCARD int jsonfile_load(const struct jsonfile *f, json_t **root,
			    struct why *why);
/* Durable when it returns. Steals root, which may be NULL: no memory. */
NODISCARD int jsonfile_save(const struct jsonfile *f, json_t *root,
			    struct why *why);
/* Any other text, as durable; NULL: no memory. */
NODISCARD int jsonfile_save_text(const struct jsonfile *f, const char *text,
				 struct why *why);
/* 0 also where there is none. */
NODISCARD int jsonfile_remove(const struct jsonfile *f, struct why *why);

/* A list of at most max, each item of which is good. */
bool jsonfile_each(const json_t *list, size_t max,
		   bool (*good)(const json_t *item));
/* -EBADMSG with the sentence about what is wrong in it. */
int jsonfile_damaged(const struct jsonfile *f, const char *what,
		     struct why *why);

#endif /* JSONFILE_H */
