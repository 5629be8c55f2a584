/* SPDX-License-Identifier: ISC */
/*
 * The URL of a portal, as a network chose it.
 *
 * Whatever it is: what is let through is https on port 443, or the word for
 * "none"; it prints on one line; and its host is what stands in it, and a
 * good name. Nothing else touches what was there.
 */
#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "capurl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct capurl *u, const uint8_t *data,
		       size_t size)
{
	assert(strlen(u->text) == size && memcmp(u->text, data, size) == 0);
	for (size_t i = 0; i < size; i++)
		assert(isgraph((unsigned char)u->text[i]));
}

/* Behind it: the end, another part, or the one port. */
static void check_host(const struct capurl *u)
{
	static const char scheme[] = "https://", port[] = ":443";
	const char *at = u->text + strlen(scheme);
	uint8_t wire[DNSNAME_MAX];
	size_t len = strcspn(at, ":/?#");
	char host[CAPURL_MAX + 1];

	assert(strncasecmp(u->text, scheme, strlen(scheme)) == 0);
	memcpy(host, at, len);
	host[len] = '\0';
	assert(dnsname_from_text(host, wire) == u->host_len);
	assert(memcmp(wire, u->host, u->host_len) == 0);
	at += len;
	if (strncmp(at, port, strlen(port)) == 0)
		at += strlen(port);
	assert(*at == '\0' || strchr("/?#", *at) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capurl u, untouched;

	memset(&u, 0x5a, sizeof(u));
	untouched = u;
	if (capurl_read((const char *)data, size, &u) != NULL) {
		assert(memcmp(&u, &untouched, sizeof(u)) == 0);
		return 0;
	}
	check_text(&u, data, size);
	if (u.host_len > 0)
		check_host(&u);
	else
		assert(strncasecmp(u.text, "urn:", 4) == 0);
	return 0;
}
