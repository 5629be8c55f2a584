/* SPDX-License-Identifier: ISC */
/*
 * Policies change, while another process sends datagrams that none of them
 * lets pass: none leaves. Where the table is missing in between some do, or
 * the flood is no proof.
 *
 *   live_switch    exit 77: not root, or no nft
 */
#include <arpa/inet.h>
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "compat.h"
#include "firewall/fw.h"

enum { SWITCHES = 600, GAPS = 10 };

static unsigned int passed, failed;
static struct why why;
static struct fw *fw;
static struct fw_ruleset ruleset = {
	.n_ports = 2, .ports = { 80, 443 },
	.datapath_uid = 981, .datapath_gid = 982,
	.upstream_port = 53, .n_upstreams = 1, .n_relays = 1,
	.interface = "wg0",
};

static void check(const char *what, bool good)
{
	*(good ? &passed : &failed) += 1;
	if (!good)
		printf("FAILED: %s (%s)\n", what, why.text);
}

/* ---- the flood */

static _Atomic unsigned long *sent;
static pid_t flood;

static void send_all_the_time(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = inet_addr("203.0.113.9"),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (;;) {
		(void)!sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&to,
			      sizeof(to));
		atomic_fetch_add_explicit(sent, 1, memory_order_relaxed);
	}
}

static unsigned long tries(void)
{
	return atomic_load_explicit(sent, memory_order_relaxed);
}

static void begin_flood(void)
{
	sent = mmap(NULL, sizeof(*sent), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sent == MAP_FAILED)
		err(1, "mmap");
	flood = fork();
	if (flood == 0)
		send_all_the_time();
}

/* Something is sent between two changes, however busy the machine is. */
static void await_flood(void)
{
	unsigned long was = tries();
	uint64_t until = clock_boot() + 5 * CLOCK_S;

	while (tries() == was && clock_boot() < until)
		sched_yield();
}

/* What has left by the device. */
static unsigned long left(void)
{
	unsigned long n = 0;
	char line[512];
	FILE *f = fopen("/proc/net/dev", "r");

	if (f == NULL)
		err(1, "/proc/net/dev");
	while (fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, "flood0:") != NULL)
			sscanf(strchr(line, ':') + 1, "%*u %*u %*u %*u %*u "
			       "%*u %*u %*u %*u %lu", &n);
	fclose(f);
	return n;
}

/* ---- policies */

static bool load(enum fw_policy p)
{
	ruleset.policy = p;
	return fw->ops->load(fw, &ruleset, &why) == 0;
}

/* "table inet sallyport { # handle 7": another one after each load by nft. */
static void table_handle(char line[static 128])
{
	FILE *f = popen("nft -a list table inet sallyport", "r");

	line[0] = '\0';
	if (f == NULL || fgets(line, 128, f) == NULL)
		err(1, "nft");
	pclose(f);
}

static void switches(void)
{
	static const enum fw_policy order[] = {
		FW_BLOCKED_ACTIVE, FW_CONNECTING, FW_CONNECTED, FW_BLOCKED,
		FW_DISCONNECTING,
	};
	char before[128], after[128];
	unsigned long first, n = tries();
	uint32_t generation;
	bool good = true;

	check("the first is loaded", load(FW_BLOCKED));
	first = left();
	table_handle(before);
	for (unsigned int i = 0; i < SWITCHES && good; i++) {
		ruleset.upstreams[0].b[15] = (uint8_t)i;
		good = load(order[i % NITEMS(order)]);
		await_flood();
	}
	check("each is in force", good);
	check("the last stands", fw->ops->verify(fw, &generation, &why) == 1);
	table_handle(after);
	check("none was loaded", strcmp(before, after) == 0);
	check("something was sent", tries() - n >= SWITCHES);
	check("nothing has left", left() == first);
	printf("%lu datagrams, %d switches\n", tries() - n, SWITCHES);
}

static void loads(void)
{
	unsigned long first = left();

	for (unsigned int i = 0; i < GAPS; i++) {
		ruleset.lan = !ruleset.lan;
		check("loaded by nft", load(FW_BLOCKED_ACTIVE));
		await_flood();
	}
	check("nothing has left while nft loads", left() == first);
}

static void control(void)
{
	unsigned long first = left();

	for (unsigned int i = 0; i < GAPS; i++) {
		check("no rules", load(FW_NONE));
		await_flood();
		check("and rules", load(FW_BLOCKED));
	}
	check("without rules in between some leave", left() > first);
	printf("%lu left without rules\n", left() - first);
}

static bool prepared(void)
{
	return geteuid() == 0 &&
	       system("nft --version >/dev/null 2>&1") == 0 &&
	       unshare(CLONE_NEWNET) == 0 &&
	       system("echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; "
		      "ip link add flood0 arp off type veth peer flood1 && "
		      "ip addr add 203.0.113.1/24 dev flood0 && "
		      "ip link set flood1 arp off up && "
		      "ip link set flood0 up") == 0;
}

int main(void)
{
	struct conf c = { .firewall = { .mode = FWMODE_OWN,
					.table = "sallyport" } };

	if (!prepared()) {
		puts("skipped: needs root and nft");
		return 77;
	}
	ruleset.upstreams[0] = ipaddr_v4((const uint8_t[]){ 192, 0, 2, 53 });
	if (!endpoint_parse("198.51.100.1:51820", &ruleset.relays[0]))
		errx(1, "relay");
	if (fw_nft_open(&fw, &c, &why) != 0)
		errx(1, "%s", why.text);
	begin_flood();
	switches();
	loads();
	control();
	kill(flood, SIGKILL);
	waitpid(flood, NULL, 0);
	fw->ops->close(fw);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
