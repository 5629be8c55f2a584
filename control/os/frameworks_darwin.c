/* SPDX-License-Identifier: ISC */
#include "os/frameworks_darwin.h"

#include <errno.h>

#ifdef FRAMEWORKS_LINKED

_Static_assert(FRAMEWORKS_XML == kCFPropertyListXMLFormat_v1_0, "the SDK's");
_Static_assert(FRAMEWORKS_NO_KEY == kSCStatusNoKey, "the SDK's");
_Static_assert(FRAMEWORKS_NO_ACCESS == kSCStatusAccessError, "the SDK's");
_Static_assert(FRAMEWORKS_NO_SERVER == kSCStatusNoStoreServer, "the SDK's");

const struct frameworks *frameworks_load(struct why *why)
{
#define LINKED(framework, result, name, arguments) .name = name,
	static const struct frameworks linked = { FRAMEWORKS_CALLS(LINKED) };

	(void)why;
	return &linked;
}

#else

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY(framework) \
	"/System/Library/Frameworks/" #framework ".framework/" #framework

static const struct {
	const char *library, *symbol;
	size_t at;
} calls[] = {
#define ROW(framework, result, name, arguments) \
	{ LIBRARY(framework), #name, offsetof(struct frameworks, name) },
	FRAMEWORKS_CALLS(ROW)
};
_Static_assert(sizeof(struct frameworks) == NITEMS(calls) * sizeof(void *),
	       "nothing but calls");

const struct frameworks *frameworks_load(struct why *why)
{
	static struct frameworks loaded;

	for (size_t i = 0; i < NITEMS(calls); i++) {
		/* A library that is loaded is only counted. */
		void *library = dlopen(calls[i].library,
				       RTLD_LAZY | RTLD_LOCAL);
		void *call = library == NULL ? NULL :
			     dlsym(library, calls[i].symbol);

		if (call == NULL) {
			why_set(why, -EOPNOTSUPP, "%s: no %s: %.200s",
				calls[i].library, calls[i].symbol, dlerror());
			return NULL;
		}
		memcpy((char *)&loaded + calls[i].at, &call, sizeof(call));
	}
	return &loaded;
}

#endif
