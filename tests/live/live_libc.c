/* SPDX-License-Identifier: ISC */
/*
 * live_libc NAME - its addresses by getaddrinfo(3), one a line
 *
 * Built with this system's libc, and by libraries.sh with another one.
 */
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	char text[NI_MAXHOST];
	int error;

	if (argc != 2)
		return 2;
	error = getaddrinfo(argv[1], NULL, &hints, &list);
	if (error != 0) {
		puts("none");
		return 1;
	}
	for (struct addrinfo *a = list; a != NULL; a = a->ai_next)
		if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text),
				NULL, 0, NI_NUMERICHOST) == 0)
			puts(text);
	freeaddrinfo(list);
	return 0;
}
