/* SPDX-License-Identifier: ISC */
/*
 * whom.h - whom this machine's programs ask: $RESOLVER4, else 127.0.0.1
 */
#ifndef WHOM_H
#define WHOM_H

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdlib.h>

static inline struct sockaddr_in whom_to_ask(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_port = htons(53) };
	const char *text = getenv("RESOLVER4");

	if (text == NULL)
		text = "127.0.0.1";
	if (inet_pton(AF_INET, text, &sa.sin_addr) != 1)
		errx(2, "RESOLVER4: %s is no IPv4 address", text);
	return sa;
}

#endif /* WHOM_H */
