/* SPDX-License-Identifier: ISC */
/*
 * configd as the daemon sees it: reads all, sets a service that nobody has,
 * is told of it, and takes it away. Part of tests/live/macos/dns.sh.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hostdns/scstore.h"

static const char key[] = "State:/Network/Service/sallyport-test/DNS";

static struct scstore *store;
static struct why why;

static int fail(const char *what)
{
	printf("FAILED: %s: %s\n", what, why.text);
	return 1;
}

/* Is there what was set? NULL: nothing. */
static bool has(const json_t *want)
{
	const json_t *now;
	json_t *all;
	bool same;

	if (scstore_read(store, &all, &why) != 0)
		return false;
	now = json_object_get(all, key);
	same = want == NULL ? now == NULL : json_equal(now, want);
	json_decref(all);
	return same;
}

static bool is_told(void)
{
	struct pollfd p = { .fd = scstore_fd(store), .events = POLLIN };
	bool told = poll(&p, 1, 5000) == 1;

	scstore_drain(store);
	return told;
}

static int change(json_t *dns)
{
	json_t *set = json_pack("{s:O}", key, dns), *gone = json_array();
	int failed = 0;

	scstore_drain(store);
	if (scstore_write(store, set, gone, &why) != 0 || !has(dns))
		failed |= fail("setting");
	if (!is_told())
		failed |= fail("being told");
	json_object_clear(set);
	json_array_append_new(gone, json_string(key));
	if (scstore_write(store, set, gone, &why) != 0 || !has(NULL))
		failed |= fail("taking away");
	json_decref(set);
	json_decref(gone);
	return failed;
}

int main(void)
{
	json_t *dns = json_pack("{s:[s], s:i, s:b}", "ServerAddresses",
				"127.53.53.53", "SearchOrder", 7, "x", 1);
	int failed;

	if (scstore_open(&store, &why) != 0)
		return fail("opening");
	failed = has(NULL) ? change(dns) : fail("reading");
	scstore_close(store);
	json_decref(dns);
	return failed;
}
