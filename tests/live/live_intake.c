/* SPDX-License-Identifier: ISC */
/*
 * What reads the TUN of intake.sh, until stdin ends:
 *
 *   live_intake datapath TUN	a datapath process that spoofs
 *   live_intake big TUN	as many addresses as a message holds
 *   live_intake idle TUN	nobody
 *
 * and who asks, as no ready-made client does:
 *
 *   live_intake pair SERVER NAME	two queries in one go, then half a close;
 *				prints the rcode of each reply, and of the end
 *
 * When stdin ends, all counters that have moved are told.
 */
#include "fakecontrol.h"
#include "intake.h"
#include "reply.h"

static char root[] = "/tmp/live_intake.XXXXXX";

static void tell(const struct counters *c)
{
	for (unsigned int i = 0; i < COUNT__N; i++)
		if (c->n[i] > 0)
			printf("%s %llu\n", counters_name(i),
			       (unsigned long long)c->n[i]);
}

/* Until one of the two can be read: 0 or 1. */
static int either(int a, int b)
{
	struct pollfd p[] = {
		{ .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN },
	};

	while (poll(p, NITEMS(p), -1) < 0)
		;
	return p[0].revents == 0;
}

static int datapath(void)
{
	struct datapath_report report;

	if (mkdtemp(root) == NULL)
		err(1, "%s", root);
	f.policy.mode = MODE_SPOOF;
	f.policy.refuse = REFUSE_REFUSED;
	f.policy.ttl_min = TTL_MIN;
	f.policy.ttl_max = TTL_MAX;
	f.policy.per_name = ALLOW_PER_NAME;
	f.policy.judge.n_own = 2;
	f.policy.judge.own[0] = addr("198.18.53.1");
	f.policy.judge.own[1] = addr("fd73:616c:6c79::1");
	allow_name("captive.apple.com");
	if (start(0, root, &report) < 0)
		errx(1, "start: %s: %s", report.step,
		     strerror(-report.error));
	new_epoch();
	/* So that the device is gone when the datapath has closed it. */
	close(DATAPATH_TUN);
	puts("ready");
	if (either(STDIN_FILENO, f.child.channel) == 1)
		puts("the datapath has ended");
	tell(&f.child.arena.datapath->counters);
	child_stop(&f.child);
	rmdir(root);
	return 0;
}

static void answer_big(void *context, const struct client *from,
		       struct slice msg)
{
	struct intake *k = context;
	uint8_t name[DNSNAME_MAX], small[REPLY_SMALL];
	char text[DNSNAME_TEXT];
	struct dnsmsg m;
	struct wire w;
	struct ask ask;

	if (dnsmsg_read(msg, &m) != PARSE_OK)
		errx(1, "a bad query");
	reply_ask(&ask, &m, client_is_tcp(from));
	if (!client_is_tcp(from)) {
		intake_send(k, from, small, reply_truncated(&ask, small));
		return;
	}
	dnsname_to_text(name, dnsname_unpack(&m.qname, name), text);
	wire_start(&w, m.id, DNSFLAG_QR | DNSFLAG_RD | DNSFLAG_RA, text,
		   m.qtype);
	while (w.len + 40 <= SLOT_SIZE)
		wire_addr(&w, text, 60, m.qtype == DNSTYPE_AAAA ?
			  "2001:db8::7" : "192.0.2.7");
	intake_send(k, from, w.b, w.len);
}

static int big(void)
{
	static struct arena_slot memory[SLOT_COUNT];
	static struct counters counters;
	static struct slots slots;
	static struct intake k;
	static struct judge own = { .n_own = 2 };
	struct poller poller;

	own.own[0] = addr("198.18.53.1");
	own.own[1] = addr("fd73:616c:6c79::1");
	slots_init(&slots, memory);
	intake_init(&k, &slots, &counters);
	if (poller_open(&poller) < 0 ||
	    intake_open(&k, DATAPATH_TUN, &poller, 0) < 0)
		err(1, "intake");
	puts("ready");
	while (either(STDIN_FILENO, poller.fd) == 1)
		if (!intake_read(&k, &own, clock_boot(), answer_big, &k))
			errx(1, "the device is gone");
	tell(&counters);
	return 0;
}

static int pair(const char *server, const char *name)
{
	static const struct timeval limit = { .tv_sec = WAIT_MS / 1000 };
	int fd = open_socket(server, SOCK_STREAM, false);
	struct wire q;
	uint8_t two[2048], prefix[2];
	size_t n = 0;
	ssize_t end;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	for (unsigned int i = 0; i < 2; i++) {
		wire_start(&q, (uint16_t)i, DNSFLAG_RD,
			   i == 0 ? name : "refused.example", DNSTYPE_A);
		two[n] = 0;
		two[n + 1] = (uint8_t)q.len;
		memcpy(two + n + 2, q.b, q.len);
		n += 2 + q.len;
	}
	if (send(fd, two, n, 0) != (ssize_t)n || shutdown(fd, SHUT_WR) < 0)
		err(1, "send");
	for (unsigned int i = 0; i < 2; i++) {
		if (recv(fd, prefix, 2, MSG_WAITALL) != 2)
			err(1, "reply %u", i);
		reply.len = (size_t)(prefix[0] << 8 | prefix[1]);
		if (recv(fd, reply.b, reply.len, MSG_WAITALL) !=
		    (ssize_t)reply.len)
			err(1, "reply %u", i);
		printf("%d ", rcode());
	}
	end = recv(fd, prefix, 1, 0);
	puts(end == 0 ? "end" : end > 0 ? "more" : strerror(errno));
	return 0;
}

static int idle(void)
{
	puts("ready");
	either(STDIN_FILENO, -1);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--datapath") == 0)
		return datapath_main();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4 && strcmp(argv[1], "pair") == 0)
		return pair(argv[2], argv[3]);
	if (argc != 3)
		errx(2, "usage: live_intake datapath|big|idle TUN");
	take_tun(argv[2]);
	if (strcmp(argv[1], "datapath") == 0)
		return datapath();
	return strcmp(argv[1], "big") == 0 ? big() : idle();
}
