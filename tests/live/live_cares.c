/* SPDX-License-Identifier: ISC */
/*
 * live_cares [tcp] NAME - its addresses by c-ares, one a line
 */
#include <ares.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

static void print(void *context, int status, int timeouts,
		  struct ares_addrinfo *list)
{
	char text[NI_MAXHOST];

	(void)context;
	(void)timeouts;
	if (status != ARES_SUCCESS) {
		puts("none");
		return;
	}
	for (struct ares_addrinfo_node *a = list->nodes; a != NULL;
	     a = a->ai_next)
		if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text),
				NULL, 0, NI_NUMERICHOST) == 0)
			puts(text);
	ares_freeaddrinfo(list);
}

/* Ends when the channel waits for nothing any more, by its own time-outs. */
static void run(ares_channel channel)
{
	fd_set in, out;
	struct timeval wait;
	int n;

	for (;;) {
		FD_ZERO(&in);
		FD_ZERO(&out);
		n = ares_fds(channel, &in, &out);
		if (n == 0)
			return;
		select(n, &in, &out, NULL,
		       ares_timeout(channel, NULL, &wait));
		ares_process(channel, &in, &out);
	}
}

int main(int argc, char **argv)
{
	struct ares_addrinfo_hints hints = { .ai_socktype = SOCK_STREAM };
	struct ares_options options = { .flags = ARES_FLAG_USEVC };
	int tcp = argc == 3 && strcmp(argv[1], "tcp") == 0;
	ares_channel channel;

	if (argc != 2 + tcp ||
	    ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
	    ares_init_options(&channel, &options, tcp ? ARES_OPT_FLAGS : 0) !=
	    ARES_SUCCESS)
		return 2;
	ares_getaddrinfo(channel, argv[1 + tcp], NULL, &hints, print, NULL);
	run(channel);
	ares_destroy(channel);
	ares_library_cleanup();
	return 0;
}
