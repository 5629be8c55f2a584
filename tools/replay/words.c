/* SPDX-License-Identifier: ISC */
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "compat.h"

struct word {
	uint16_t number;
	const char *text;
};

/* IANA "Protocol Numbers". */
static const struct word protocols[] = {
	{ 1, "icmp" }, { 2, "igmp" }, { 4, "ipip" }, { 6, "tcp" },
	{ 17, "udp" }, { 41, "ipv6" }, { 47, "gre" }, { 50, "esp" },
	{ 51, "ah" }, { 58, "icmpv6" }, { 132, "sctp" }, { 136, "udplite" },
};

/* IANA "DNS Parameters". */
static const struct word types[] = {
	{ 1, "A" }, { 2, "NS" }, { 5, "CNAME" }, { 6, "SOA" }, { 12, "PTR" },
	{ 15, "MX" }, { 16, "TXT" }, { 28, "AAAA" }, { 33, "SRV" },
	{ 35, "NAPTR" }, { 43, "DS" }, { 46, "RRSIG" }, { 48, "DNSKEY" },
	{ 64, "SVCB" }, { 65, "HTTPS" }, { 252, "AXFR" }, { 255, "ANY" },
};

static const char *find(const struct word *words, size_t n, uint16_t number)
{
	for (size_t i = 0; i < n; i++)
		if (words[i].number == number)
			return words[i].text;
	return NULL;
}

const char *words_protocol(uint8_t protocol, char text[static WORDS_MAX])
{
	const char *word = find(protocols, NITEMS(protocols), protocol);

	if (word != NULL)
		return word;
	snprintf(text, WORDS_MAX, "protocol %u", protocol);
	return text;
}

const char *words_type(uint16_t type, char text[static WORDS_MAX])
{
	const char *word = find(types, NITEMS(types), type);

	if (word != NULL)
		return word;
	snprintf(text, WORDS_MAX, "TYPE%u", type);
	return text;
}

const char *words_time(uint64_t ns, char text[static WORDS_MAX])
{
	time_t seconds = (time_t)(ns / 1000000000u);
	size_t n;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	n = strftime(text, WORDS_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, WORDS_MAX - n, ".%06uZ",
		 (unsigned int)(ns / 1000 % 1000000));
	return text;
}
