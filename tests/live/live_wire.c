/* SPDX-License-Identifier: ISC */
/*
 * A real datapath process with a wire, told what to do on stdin. Every command
 * is answered with one line:
 *
 *   start LINK...		a new process: "ready", or what failed
 *   to LINK SOURCE HOP MAC SERVER [PORT]	one more upstream; "-" for what is not known
 *   to nobody			no upstream any more
 *   names NAME...		instead of those before
 *   resolve N			on a new network: the addresses of the first N
 *				grants, sorted; of fewer after 5 s
 *   count COUNTER		its value
 *   pid			the process's, 0 when it has died
 *
 * See fakecontrol.h.
 */
#include <net/if.h>

#include "fakecontrol.h"

enum { WORDS = 32, SEEN = 512 };

static char root[] = "/tmp/live_wire.XXXXXX";
static char seen[SEEN][IPADDR_TEXT];
static unsigned int n_seen;

static void granted(const struct grant *g)
{
	for (unsigned int i = 0; i < g->n_addrs && n_seen < SEEN; i++)
		ipaddr_text(&g->addrs[i], seen[n_seen++]);
}

static void start_it(char **link, unsigned int n)
{
	struct datapath_report report = { .error = 0 };

	if (f.child.pid > 0)
		child_stop(&f.child);
	f.n_links = (uint16_t)n;
	for (unsigned int i = 0; i < n; i++) {
		f.links[i].ifindex = if_nametoindex(link[i]);
		snprintf(f.links[i].name, sizeof(f.links[i].name), "%s",
			 link[i]);
		f.links[i].xdp = getenv("XDP") != NULL;
	}
	if (start(0, root, &report) == 0)
		printf("ready%s\n", report.xdp != 0 ? ", AF_XDP" : "");
	else
		printf("%s: %s %s\n", report.step, strerror(-report.error),
		       report.note);
}

static void upstream(char **word, unsigned int n)
{
	struct policy_upstream *u = &f.policy.upstreams[f.policy.n_upstreams];
	unsigned int m[6] = { 0 };

	memset(u, 0, sizeof(*u));
	if (n < 5) {
		f.policy.n_upstreams = 0;
		puts("nobody");
		return;
	}
	u->ifindex = if_nametoindex(word[0]);
	if (strcmp(word[1], "-") != 0)
		u->source = addr(word[1]);
	if (strcmp(word[2], "-") != 0)
		u->hop = addr(word[2]);
	(void)sscanf(word[3], "%x:%x:%x:%x:%x:%x", m, m + 1, m + 2, m + 3,
		     m + 4, m + 5);
	for (unsigned int i = 0; i < 6; i++)
		u->mac[i] = (uint8_t)m[i];
	u->addr = addr(word[4]);
	u->port = (uint16_t)(n > 5 ? atoi(word[5]) : 53);
	f.policy.n_upstreams++;
	printf("%u upstreams\n", f.policy.n_upstreams);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void resolve(unsigned int n)
{
	uint64_t end = clock_boot() + WAIT_MS * CLOCK_MS;

	n_seen = f.n_grants = 0;
	f.policy.prefetch++;
	new_network();
	while (f.n_grants < n && clock_boot() < end)
		pump(-1, 10);
	qsort(seen, n_seen, sizeof(seen[0]), by_text);
	for (unsigned int i = 0; i < n_seen; i++)
		printf("%s%s", i > 0 ? " " : "", seen[i]);
	putchar('\n');
}

static void show_count(const char *name)
{
	for (unsigned int i = 0; i < COUNT__N; i++)
		if (strcmp(counters_name(i), name) == 0)
			printf("%llu\n", (unsigned long long)counted(i));
}

static void obey(char **word, unsigned int n)
{
	if (strcmp(word[0], "start") == 0) {
		start_it(word + 1, n - 1);
	} else if (strcmp(word[0], "to") == 0) {
		upstream(word + 1, n - 1);
	} else if (strcmp(word[0], "names") == 0) {
		f.policy.n_names = 0;
		for (unsigned int i = 1; i < n; i++)
			allow_name(word[i]);
		printf("%u names\n", n - 1);
	} else if (strcmp(word[0], "resolve") == 0) {
		resolve(n > 1 ? (unsigned int)atoi(word[1]) : 0);
	} else if (strcmp(word[0], "count") == 0) {
		show_count(n > 1 ? word[1] : "");
	} else if (strcmp(word[0], "pid") == 0) {
		printf("%d\n", alive() ? f.child.pid : 0);
	} else {
		printf("%s?\n", word[0]);
	}
}

int main(int argc, char **argv)
{
	char line[4096], *word[WORDS], *save;

	if (argc == 2 && strcmp(argv[1], "--datapath") == 0)
		return datapath_main();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (mkdtemp(root) == NULL)
		err(1, "%s", root);
	child_init(&f.child);
	f.upstream = f.listener = f.stream = -1;
	f.granted = granted;
	f.policy.per_name = ALLOW_PER_NAME;
	f.policy.ttl_min = TTL_MIN;
	f.policy.ttl_max = TTL_MAX;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		unsigned int n = 0;

		for (char *p = strtok_r(line, " \n", &save);
		     p != NULL && n < WORDS; p = strtok_r(NULL, " \n", &save))
			word[n++] = p;
		if (n > 0)
			obey(word, n);
	}
	child_stop(&f.child);
	rmdir(root);
	return 0;
}
