/* SPDX-License-Identifier: ISC */
/*
 * Two sessions with configd: one for our calls, on the loop's thread, and one
 * whose changes are told on a dispatch queue, which only writes a word into a
 * pipe. All values go in and out as property lists in XML (plist.h), so that
 * nothing of CoreFoundation is looked into here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hostdns/plist.h"
#include "hostdns/scstore.h"
#include "os/frameworks_darwin.h"
#include "os/wordpipe.h"

struct scstore {
	const struct frameworks *f;
	struct wordpipe told;
	dispatch_queue_t queue;
	SCDynamicStoreRef calls, changes;	/* NULL: not connected */
};

static const char *const patterns[] = {
	"(Setup|State):/Network/Service/[^/]+/DNS",
	"State:/Network/Service/[^/]+/IPv[46]",
	"State:/Network/Global/IPv[46]",
};

/* --- values --- */

/* To be released; NULL: no memory. */
static CFPropertyListRef to_cf(const struct scstore *s, const json_t *value)
{
	char *text = plist_write(value);
	CFPropertyListRef made;
	CFDataRef data;

	if (text == NULL)
		return NULL;
	data = s->f->CFDataCreate(NULL, (const UInt8 *)text,
				  (CFIndex)strlen(text));
	free(text);
	if (data == NULL)
		return NULL;
	made = s->f->CFPropertyListCreateWithData(NULL, data, 0, NULL, NULL);
	s->f->CFRelease(data);
	return made;
}

static json_t *from_cf(const struct scstore *s, CFPropertyListRef value)
{
	CFDataRef data = s->f->CFPropertyListCreateData(NULL, value,
							FRAMEWORKS_XML, 0,
							NULL);
	json_t *made;

	if (data == NULL)
		return NULL;
	made = plist_read((const char *)s->f->CFDataGetBytePtr(data),
			  (size_t)s->f->CFDataGetLength(data));
	s->f->CFRelease(data);
	return made;
}

/* NULL-safe, as CFRelease() is not. */
static void release(const struct scstore *s, CFTypeRef value)
{
	if (value != NULL)
		s->f->CFRelease(value);
}

static CFPropertyListRef all_patterns(const struct scstore *s)
{
	json_t *list = json_array();
	CFPropertyListRef made;

	for (size_t i = 0; i < NITEMS(patterns); i++)
		json_array_append_new(list, json_string(patterns[i]));
	made = to_cf(s, list);
	json_decref(list);
	return made;
}

/* --- sessions --- */

static int failed(struct scstore *s, const char *what, struct why *why)
{
	int code = s->f->SCError(), error;

	switch (code) {
	case FRAMEWORKS_NO_SERVER:
		error = -ESRCH;
		break;
	case FRAMEWORKS_NO_ACCESS:
		error = -EACCES;
		break;
	default:
		error = -EIO;
		break;
	}
	return why_set(why, error, "configd: %s: %.200s", what,
		       s->f->SCErrorString(code));
}

static void on_change(SCDynamicStoreRef store, CFArrayRef changed, void *info)
{
	const struct scstore *s = info;

	(void)store;
	(void)changed;
	wordpipe_tell(&s->told, "", 1);
}

static SCDynamicStoreRef session(struct scstore *s, const char *name,
				 SCDynamicStoreCallBack on)
{
	SCDynamicStoreContext context = { .info = s };
	json_t *text = json_string(name);
	CFPropertyListRef title = to_cf(s, text);
	SCDynamicStoreRef made = title == NULL ? NULL :
		s->f->SCDynamicStoreCreate(NULL, (CFStringRef)title, on,
					   &context);

	release(s, title);
	json_decref(text);
	return made;
}

static void disconnect(struct scstore *s)
{
	if (s->changes != NULL)
		s->f->SCDynamicStoreSetDispatchQueue(s->changes, NULL);
	release(s, s->changes);
	release(s, s->calls);
	s->changes = s->calls = NULL;
}

static bool listen_to(struct scstore *s)
{
	CFPropertyListRef keys = all_patterns(s);
	bool heard = keys != NULL &&
		     s->f->SCDynamicStoreSetNotificationKeys(s->changes, NULL,
							     keys) &&
		     s->f->SCDynamicStoreSetDispatchQueue(s->changes,
							  s->queue);

	release(s, keys);
	return heard;
}

static int connect_to(struct scstore *s, struct why *why)
{
	int error;

	if (s->calls != NULL)
		return 0;
	s->calls = session(s, "sallyport", NULL);
	s->changes = session(s, "sallyport-watch", on_change);
	if (s->calls != NULL && s->changes != NULL && listen_to(s))
		return 0;
	error = failed(s, "no session", why);
	disconnect(s);
	return error;
}

/* --- calls --- */

int scstore_read(struct scstore *s, json_t **all, struct why *why)
{
	CFPropertyListRef keys;
	CFDictionaryRef found;
	int error = connect_to(s, why);

	if (error != 0)
		return error;
	keys = all_patterns(s);
	found = keys == NULL ? NULL :
		s->f->SCDynamicStoreCopyMultiple(s->calls, NULL, keys);
	release(s, keys);
	if (found == NULL) {
		error = failed(s, "reading", why);
		disconnect(s);
		return error;
	}
	*all = from_cf(s, found);
	release(s, found);
	if (!json_is_object(*all)) {
		json_decref(*all);
		return why_set(why, -EBADMSG, "configd: what it says of "
			       "network services is not understood");
	}
	return 0;
}

int scstore_write(struct scstore *s, const json_t *set, const json_t *gone,
		  struct why *why)
{
	CFPropertyListRef values, keys;
	int error = connect_to(s, why);

	if (error != 0)
		return error;
	values = to_cf(s, set);
	keys = to_cf(s, gone);
	if (values == NULL || keys == NULL) {
		error = why_set(why, -ENOMEM, "hostdns: no memory");
	} else if (!s->f->SCDynamicStoreSetMultiple(s->calls, values, keys,
						    NULL)) {
		error = failed(s, "writing", why);
		disconnect(s);
	}
	release(s, values);
	release(s, keys);
	return error;
}

int scstore_fd(const struct scstore *s)
{
	return s->told.read;
}

void scstore_drain(struct scstore *s)
{
	char word;

	while (wordpipe_next(&s->told, &word, 1))
		;
}

void scstore_wake(struct scstore *s)
{
	wordpipe_tell(&s->told, "", 1);
}

/* --- life --- */

int scstore_open(struct scstore **store, struct why *why)
{
	struct scstore *s = calloc(1, sizeof(*s));
	int error;

	if (s == NULL)
		return why_set(why, -ENOMEM, "hostdns: no memory");
	s->f = frameworks_load(why);
	error = s->f == NULL ? -EOPNOTSUPP : wordpipe_open(&s->told);
	if (error != 0) {
		free(s);
		return error == -EOPNOTSUPP ? error :
		       why_set(why, error, "hostdns: no pipe: %s",
			       strerror(-error));
	}
	s->queue = dispatch_queue_create("sallyport.configd", NULL);
	*store = s;
	return 0;
}

static void nothing(void *context)
{
	(void)context;
}

void scstore_close(struct scstore *s)
{
	disconnect(s);
	/* Behind this no callback runs any more. */
	dispatch_sync_f(s->queue, NULL, nothing);
	dispatch_release(s->queue);
	wordpipe_close(&s->told);
	free(s);
}
