/* SPDX-License-Identifier: ISC */
/*
 * plist.h - property lists: XML outside, JSON inside
 *
 * Dictionaries, arrays, strings, integers and booleans are what they are in
 * JSON. All else, and an integer beyond JSON's, is an object of its tag and
 * its text, {"<real>": "1.5"}: what was read is written back as it was.
 */
#ifndef PLIST_H
#define PLIST_H

#include <jansson.h>
#include <stddef.h>

#include "compat.h"

/* A new reference; NULL: it is not understood, or there is no memory. */
json_t *plist_read(const char *text, size_t len);
/* To be freed; NULL: there is no memory, or a null in it. */
char *plist_write(const json_t *value);

#endif /* PLIST_H */
