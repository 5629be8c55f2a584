/* SPDX-License-Identifier: ISC */
#include "capurl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>


static const char scheme[] = "https://";
/* RFC 8910, 2: "there is no captive portal". */
static const char unrestricted[] = "urn:ietf:params:capport:unrestricted";

/* RFC 3986, 2: what may stand in a URI at all. */
static bool is_uri(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0' || (!isalnum((unsigned char)text[i]) &&
		    strchr("-._~:/?#[]@!$&'()*+,;=%", text[i]) == NULL))
			return false;
	return true;
}

/* RFC 952 and 1123: letters, digits, and no '-' at the ends. */
static bool is_label(const char *text, size_t len)
{
	if (len == 0 || len > DNSLABEL_MAX || text[0] == '-' ||
	    text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return false;
	return true;
}

/* Names that are not looked up in the DNS (RFC 6761, 6762, 7686). */
static bool is_special(const char *last)
{
	static const char *const words[] = {
		"local", "localhost", "invalid", "onion", "test", "internal",
	};

	for (size_t i = 0; i < NITEMS(words); i++)
		if (strcasecmp(last, words[i]) == 0)
			return true;
	return false;
}

static const char *judge_name(const char *host)
{
	const char *label = host, *dot;
	unsigned int labels = 1;

	for (; (dot = strchr(label, '.')) != NULL; label = dot + 1) {
		if (!is_label(label, (size_t)(dot - label)))
			return "its host is no name";
		labels++;
	}
	if (!is_label(label, strlen(label)))
		return "its host is no name";
	/* As an URL has it, that is an address, in however few parts. */
	if (isdigit((unsigned char)*label))
		return "its host is an address";
	if (labels == 1 || is_special(label))
		return "its host is no name of the internet's";
	return NULL;
}

/* Host and port in front of the path. */
static const char *split(const char *authority, char host[static CAPURL_MAX])
{
	size_t len = strcspn(authority, "/?#"), n;
	const char *port;

	if (memchr(authority, '@', len) != NULL)
		return "it names a user";
	if (authority[0] == '[')
		return "its host is an address";
	port = memchr(authority, ':', len);
	n = port != NULL ? (size_t)(port - authority) : len;
	if (port != NULL && (len - n != 4 || memcmp(port, ":443", 4) != 0))
		return "its port is not 443";
	memcpy(host, authority, n);
	host[n] = '\0';
	return NULL;
}

const char *capurl_read(const char *text, size_t len, struct capurl *u)
{
	struct capurl found = { 0 };
	char host[CAPURL_MAX];
	const char *wrong;

	if (len == 0 || len > CAPURL_MAX)
		return len == 0 ? "it is empty" : "it is too long";
	if (!is_uri(text, len))
		return "it has an octet that no URL has";
	memcpy(found.text, text, len);
	if (strcasecmp(found.text, unrestricted) == 0) {
		*u = found;
		return NULL;
	}
	if (strncasecmp(found.text, scheme, sizeof(scheme) - 1) != 0)
		return "it is not https";
	wrong = split(found.text + sizeof(scheme) - 1, host);
	if (wrong == NULL)
		wrong = judge_name(host);
	if (wrong != NULL)
		return wrong;
	found.host_len = (uint8_t)dnsname_from_text(host, found.host);
	if (found.host_len == 0)
		return "its host is no name";
	*u = found;
	return NULL;
}
