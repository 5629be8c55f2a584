/* SPDX-License-Identifier: ISC */
/*
 * A lease, as a DHCP client has left it: in lines (the first octet is even)
 * or in the clauses of dhclient.leases(5).
 *
 * Whatever it is: a URL is bounded and ends where it says; of lines, it
 * stands behind a "=" of theirs; and twice is the same.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[] = "/tmp/fuzz_lease.XXXXXX";

static const char *const folders[] = {
	"", "/portal", "/var", "/var/lib", "/var/lib/dhcp",
};
static const char *const files[] = {
	"/portal/eth0", "/var/lib/dhcp/dhclient.leases",
};

static const char *in_root(const char *path)
{
	static char full[128];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return full;
}

static void remove_all(void)
{
	for (size_t i = 0; i < NITEMS(files); i++)
		unlink(in_root(files[i]));
	for (size_t i = NITEMS(folders); i > 0; i--)
		rmdir(in_root(folders[i - 1]));
}

static void make(void)
{
	assert(mkdtemp(root) != NULL);
	for (size_t i = 1; i < NITEMS(folders); i++)
		assert(mkdir(in_root(folders[i]), 0700) == 0);
	atexit(remove_all);
}

static void put(const char *path, const uint8_t *data, size_t size)
{
	FILE *f = fopen(in_root(path), "w");

	assert(f != NULL && fwrite(data, 1, size, f) == size);
	assert(fclose(f) == 0);
}

static bool stands_there(const struct lease *l, const uint8_t *data,
			 size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] == '=' && size - i > l->len &&
		    memcmp(data + i + 1, l->url, l->len) == 0)
			return true;
	return false;
}

static bool find(struct lease *l)
{
	const struct lease_place place = { root, "", "eth0", 7 };
	struct netinfo net = { .n_own = 2 };

	assert(ipaddr_parse("192.0.2.9", &net.own[0]));
	assert(ipaddr_parse("2001:db8::9", &net.own[1]));
	return lease_find(&place, &net, l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lease l, again;
	static bool ready;
	bool clauses, found;

	if (!ready)
		make();
	ready = true;
	if (size == 0)
		return 0;
	clauses = data[0] % 2 != 0;
	put(files[clauses], data + 1, size - 1);
	put(files[!clauses], NULL, 0);
	found = find(&l);
	assert(find(&again) == found);
	if (!found)
		return 0;
	assert(l.len > 0 && l.len < LEASE_VALUE && strlen(l.url) == l.len);
	assert(strcmp(l.url, again.url) == 0);
	assert(strcmp(l.source, clauses ? "dhclient" : "hook") == 0);
	/* NULs are read as another octet that no URL has. */
	assert(clauses || strchr(l.url, '\r') != NULL ||
	       stands_there(&l, data + 1, size - 1));
	return 0;
}
