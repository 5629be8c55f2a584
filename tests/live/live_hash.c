/* SPDX-License-Identifier: ISC */
/*
 * door = hash, in the laptop's network and without the daemon: its firewall,
 * its table, and clients of "live_net echo 80".
 *
 *   live_hash cut	an epoch ends connections
 *   live_hash gone	what if rule, program, map or we ourselves are gone
 *   live_hash about	which ICMP errors come in
 *   live_hash list ID | wipe ID | open ID ADDRESS
 *			how many are open in a map; to 0; one more, for ever
 */
#include <bpf/bpf.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "firewall/hashdoor.h"
#include "hash.h"

static unsigned int passed, failed;

static void check(const char *what, bool good)
{
	passed += good;
	failed += !good;
	if (!good)
		printf("FAILED: %s\n", what);
}

static void expect(const char *what, unsigned int n, enum asker_is want)
{
	char text[160];

	for (int v4 = 0; v4 < 2; v4++) {
		enum asker_is is = try_once(n, v4);

		snprintf(text, sizeof(text), "%s, IPv%d: %d, not %d", what,
			 v4 ? 4 : 6, is, want);
		check(text, is == want);
	}
}

/* ---- connections that stand */

static int established(unsigned int n, bool v4)
{
	struct asker a = { .n = n, .v4 = v4, .udp = -1 };

	asker_take_socket(&a);
	asker_connect(&a);
	while (asker_outcome(&a, 1000) == ASKER_PENDING)
		;
	return a.tcp;
}

/* Does the server's word arrive? It says one when it has had one. */
static int word(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	if (send(fd, "x", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	if (poll(&p, 1, 3000) != 1)
		return -ETIMEDOUT;
	return recv(fd, &c, 1, 0) == 1 ? 0 : -errno;
}

static void cut_by(const char *what, void (*end)(void))
{
	char text[80];
	int fd[2], error;

	store_both(1, LONG_S * CLOCK_S);
	for (int v4 = 0; v4 < 2; v4++)
		fd[v4] = established(1, v4);
	for (int v4 = 0; v4 < 2; v4++) {
		error = word(fd[v4]);
		snprintf(text, sizeof(text), "%s, IPv%d: before: %d", what,
			 v4 ? 4 : 6, error);
		check(text, error == 0);
	}
	end();
	for (int v4 = 0; v4 < 2; v4++) {
		error = word(fd[v4]);
		snprintf(text, sizeof(text), "%s, IPv%d: the next packet: %d",
			 what, v4 ? 4 : 6, error);
		check(text, error == -ECONNRESET);
		close(fd[v4]);
	}
	expect(what, 1, ASKER_SHUT);
}

static void next_epoch(void)
{
	allow_set_epoch(arena.allow, arena.allow->epoch + 1);
}

static void shut(void)
{
	allow_set_epoch(arena.allow, 0);
}

static void expire(void)
{
	store_both(1, 0);
}

static void remove_both(void)
{
	for (int v4 = 0; v4 < 2; v4++) {
		struct ipaddr a = asker_address(1, v4);

		allow_remove(arena.allow, &a);
	}
}

static void cut(void)
{
	open_door();
	cut_by("next epoch", next_epoch);
	cut_by("expired", expire);
	cut_by("removed", remove_both);
	cut_by("shut", shut);
	close_door();
}

/* ---- parts that are gone */

static void nft(const char *what)
{
	char command[160];

	snprintf(command, sizeof(command), "nft %s 2>/dev/null", what);
	if (system(command) != 0)
		errx(1, "%s", command);
}

static void rules_gone(void)
{
	static const struct fw_element e = { .seconds = 1 };
	uint32_t generation;

	store_both(2, LONG_S * CLOCK_S);
	expect("all is there", 2, ASKER_OPEN);
	check("add: the rules stand", fw->ops->add(fw, &e, 1, &why) == 0);
	nft("flush chain inet sallyport " HASHDOOR_TO);
	expect("rule of output gone", 2, ASKER_SHUT);
	check("verify sees it", fw->ops->verify(fw, &generation, &why) == 0);
	check("add sees it", fw->ops->add(fw, &e, 1, &why) == -ENOENT);
	load_rules();
	expect("loaded anew", 2, ASKER_OPEN);
	check("add: they stand again", fw->ops->add(fw, &e, 1, &why) == 0);
	/* Not looked for since: add hears of it by itself. */
	nft("flush chain inet sallyport " HASHDOOR_FROM);
	check("add hears of it", fw->ops->add(fw, &e, 1, &why) == -ENOENT);
	expect("rule of input gone", 2, ASKER_SILENT);
	load_rules();
	nft("add rule inet sallyport " HASHDOOR_TO " accept");
	check("verify sees one more",
	      fw->ops->verify(fw, &generation, &why) == 0);
	load_rules();
	expect("and once more", 2, ASKER_OPEN);
	/* Other tables are not ours. */
	nft("add table ip others");
	nft("delete table ip others");
	check("add: others' changes", fw->ops->add(fw, &e, 1, &why) == 0);
}

static uint32_t id_of(int map)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(map, &info, &len) < 0)
		err(1, "map");
	return info.id;
}

static void wipe(int map)
{
	static struct allow nothing;
	const uint32_t zero = 0;

	if (bpf_map_update_elem(map, &zero, &nothing, BPF_ANY) < 0)
		err(1, "map");
}

static void map_gone(void)
{
	store_both(3, LONG_S * CLOCK_S);
	expect("before", 3, ASKER_OPEN);
	wipe(fw->table);
	expect("map wiped", 3, ASKER_SHUT);
	allow_set_epoch(arena.allow, 2);
	expect("map wiped, epoch back", 3, ASKER_SHUT);
	store_both(3, LONG_S * CLOCK_S);
	expect("stored again", 3, ASKER_OPEN);
}

/* Another process has the door and dies; ids of map and program. */
static pid_t die(int out)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	open_door();
	store_both(4, 3 * CLOCK_S);
	store_both(5, LONG_S * CLOCK_S);

	uint32_t id = id_of(fw->table);

	(void)!write(out, &id, sizeof(id));
	for (;;)
		pause();
}

static bool map_exists(uint32_t id)
{
	int fd = bpf_map_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void we_are_gone(void)
{
	uint32_t id = 0;
	int end[2];
	pid_t pid;

	if (pipe(end) < 0)
		err(1, "pipe");
	pid = die(end[1]);
	if (pid < 0 || read(end[0], &id, sizeof(id)) != sizeof(id))
		err(1, "child");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	expect("killed: what was open is", 4, ASKER_OPEN);
	expect("killed: nothing else", 6, ASKER_SHUT);
	check("killed: the rules hold the map", map_exists(id));
	sleep(3);
	expect("killed: and expires", 4, ASKER_SHUT);
	expect("killed: the rest later", 5, ASKER_OPEN);
	nft("flush chain inet sallyport " HASHDOOR_FROM);
	nft("flush chain inet sallyport " HASHDOOR_ABOUT);
	nft("flush chain inet sallyport " HASHDOOR_TO);
	expect("last rule gone", 5, ASKER_SHUT);
	/* The kernel frees rules, programs and maps a moment later. */
	for (int i = 0; i < 100 && map_exists(id); i++)
		usleep(100000);
	check("program and map have gone with it", !map_exists(id));
	expect("all gone", 5, ASKER_SHUT);
	nft("delete table inet sallyport");
}

static void gone(void)
{
	open_door();
	rules_gone();
	map_gone();
	close_door();
	we_are_gone();
}

/* ---- errors: the router has no route for it, and says so */

static int error_of(unsigned int n, bool v4)
{
	struct asker a = { .n = n, .v4 = v4, .udp = -1 };
	struct pollfd p = { .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error = 0;

	asker_take_socket(&a);
	asker_connect(&a);
	p.fd = a.tcp;
	(void)!poll(&p, 1, 1500);
	getsockopt(a.tcp, SOL_SOCKET, SO_ERROR, &error, &len);
	asker_hang_up(&a);
	return error;
}

static void about(void)
{
	open_door();
	store_both(7, LONG_S * CLOCK_S);
	check("IPv4 error about an open address",
	      error_of(7, true) == EHOSTUNREACH);
	check("IPv6 error about an open address",
	      error_of(7, false) == EACCES || error_of(7, false) == ENETUNREACH);
	nft("flush chain inet sallyport " HASHDOOR_ABOUT);
	check("IPv4 error, rule gone", error_of(7, true) == 0);
	check("IPv6 error, rule gone", error_of(7, false) == 0);
	close_door();
}

/* ---- the daemon's map */

static int map_of(const char *id)
{
	int fd = bpf_map_get_fd_by_id((uint32_t)atoi(id));

	if (fd < 0)
		err(1, "map %s", id);
	return fd;
}

static struct allow *table_of(const char *id)
{
	struct allow *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
			       MAP_SHARED, map_of(id), 0);

	if (t == MAP_FAILED)
		err(1, "map %s", id);
	return t;
}

/* What is open, and for how many seconds. */
static void show(const char *id)
{
	static struct ipaddr a[ALLOW_SLOTS];
	const struct allow *t = table_of(id);
	uint64_t now = clock_boot();
	unsigned int n = allow_list(t, now, a, NITEMS(a));
	char text[IPADDR_TEXT];

	for (unsigned int i = 0; i < n; i++)
		printf("%s %llu\n", ipaddr_text(&a[i], text),
		       (unsigned long long)((allow_lookup(t, &a[i], now) -
					     now) / CLOCK_S));
}

static void open_one(const char *id, const char *text)
{
	struct ipaddr a;

	if (!ipaddr_parse(text, &a) ||
	    allow_insert(table_of(id), &a, UINT64_MAX, clock_boot()) < 0)
		errx(1, "%s", text);
}

static int finish(void)
{
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "show") == 0 && argc == 3)
		show(argv[2]);
	else if (strcmp(what, "wipe") == 0 && argc == 3)
		wipe(map_of(argv[2]));
	else if (strcmp(what, "open") == 0 && argc == 4)
		open_one(argv[2], argv[3]);
	else if (strcmp(what, "cut") == 0)
		cut();
	else if (strcmp(what, "gone") == 0)
		gone();
	else if (strcmp(what, "about") == 0)
		about();
	else
		errx(2, "usage: live_hash cut | gone | about | "
		     "show ID | wipe ID | open ID ADDRESS");
	return passed + failed > 0 ? finish() : 0;
}
