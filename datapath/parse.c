/* SPDX-License-Identifier: ISC */
#include "parse.h"

#include <assert.h>

#include "compat.h"

static const char *const names[] = {
	[PARSE_OK] = "ok",
	[PARSE_SHORT] = "short",
	[PARSE_LINK] = "link",
	[PARSE_IP] = "ip",
	[PARSE_FRAGMENT] = "fragment",
	[PARSE_EXTENSION] = "extension",
	[PARSE_TRANSPORT] = "transport",
	[PARSE_LONG] = "long",
	[PARSE_LABEL] = "label",
	[PARSE_NAME] = "name",
	[PARSE_HOP] = "hop",
	[PARSE_HEADER] = "header",
	[PARSE_QUESTION] = "question",
	[PARSE_RDATA] = "rdata",
	[PARSE_TRAILING] = "trailing",
};
static_assert(NITEMS(names) == PARSE__N, "a name for every reason");

const char *parse_name(enum parse why)
{
	return why < PARSE__N ? names[why] : "?";
}
