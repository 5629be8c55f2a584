/* SPDX-License-Identifier: ISC */
#include "endpoint.h"

#include <stdio.h>
#include <string.h>

static bool port_parse(const char *text, size_t n, uint16_t *port)
{
	unsigned long v = 0;

	if (n == 0 || n > 5 || strspn(text, "0123456789") < n)
		return false;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (unsigned long)(text[i] - '0');
	*port = (uint16_t)v;
	return v >= 1 && v <= 65535;
}

/* Past the address, which may be in brackets, or NULL. */
static const char *address_parse(const char *text, struct ipaddr *a)
{
	bool brackets = text[0] == '[';
	const char *from = text + brackets;
	size_t n = strcspn(from, brackets ? "]" : ":");
	char copy[IPADDR_TEXT];

	if (n >= sizeof(copy) || from[n] == '\0')
		return NULL;
	memcpy(copy, from, n);
	copy[n] = '\0';
	if (!ipaddr_parse(copy, a) || brackets == ipaddr_is_v4(a))
		return NULL;
	return from + n + brackets;
}

bool endpoint_parse(const char *text, struct endpoint *e)
{
	struct endpoint found = { 0 };
	const char *at = address_parse(text, &found.addr);
	size_t n;

	if (at == NULL || *at++ != ':')
		return false;
	n = strcspn(at, "/");
	if (!port_parse(at, n, &found.port))
		return false;
	at += n;
	found.tcp = strcmp(at, "/tcp") == 0;
	if (*at != '\0' && !found.tcp && strcmp(at, "/udp") != 0)
		return false;
	if (ipaddr_class(&found.addr) == IPCLASS_UNSPECIFIED)
		return false;
	*e = found;
	return true;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return ipaddr_equal(&a->addr, &b->addr) && a->port == b->port &&
	       a->tcp == b->tcp;
}

const char *endpoint_text(const struct endpoint *e,
			  char text[static ENDPOINT_TEXT])
{
	char addr[IPADDR_TEXT];
	bool v4 = ipaddr_is_v4(&e->addr);

	snprintf(text, ENDPOINT_TEXT, "%s%s%s:%u/%s", v4 ? "" : "[",
		 ipaddr_text(&e->addr, addr), v4 ? "" : "]", e->port,
		 e->tcp ? "tcp" : "udp");
	return text;
}
