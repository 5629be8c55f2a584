/* SPDX-License-Identifier: ISC */
/*
 * A real datapath process under hostile clients: octets of all kinds, and
 * 20,000 queries that must leave nothing behind. It must not allocate
 * meanwhile. See fakecontrol.h.
 *
 *   live_hostile [MESSAGE...]      files with octets to throw at it
 */
#include <dirent.h>

#include "fakecontrol.h"
#include "noalloc.h"

static const char name[] = "captive.apple.com";
static const char stranger[] = "www.example.org";

static char root[] = "/tmp/live_hostile.XXXXXX";
static unsigned int seed = 7;	/* of all that is random here */

static unsigned int next_random(void)
{
	seed = seed * 1103515245u + 12345u;
	return seed >> 16;
}

/* Still there, and every second one of the replies so far thrown away. */
static void still_answers(const char *what)
{
	while (pump(f.client[0], 0))
		get(f.client[0]);
	check(alive() && ask(stranger, DNSTYPE_A) == 0, "after %s", what);
}

static void throw(const void *p, size_t n)
{
	uint8_t prefix[2] = { (uint8_t)(n >> 8), (uint8_t)n };
	int fd = open_socket("127.0.0.1", SOCK_STREAM, false);

	(void)!send(f.client[0], p, n, MSG_DONTWAIT);
	/* Once with its length in front, once as it is. */
	(void)!send(fd, prefix, 2, MSG_NOSIGNAL);
	(void)!send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)!send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (pump(f.client[0], 0))
		get(f.client[0]);
	close(fd);
}

static void throw_files(int n, char **files)
{
	static uint8_t buf[UINT16_MAX];

	for (int i = 0; i < n; i++) {
		FILE *in = fopen(files[i], "rb");
		size_t len = in == NULL ? 0 : fread(buf, 1, 60000, in);

		check(in != NULL, "%s", files[i]);
		if (in != NULL)
			fclose(in);
		throw(buf, len);
	}
	still_answers("the corpus");
}

/* Noise, and good queries with a few octets changed or cut. */
static void throw_random(void)
{
	uint8_t noise[512];
	struct wire w;

	for (unsigned int i = 0; i < 500; i++) {
		size_t n = next_random() % sizeof(noise);

		for (size_t k = 0; k < n; k++)
			noise[k] = (uint8_t)next_random();
		throw(noise, n);
		wire_start(&w, 1, DNSFLAG_RD, i % 2 ? name : stranger,
			   DNSTYPE_A);
		wire_opt(&w, 1232);
		for (unsigned int k = next_random() % 4; k > 0; k--)
			w.b[next_random() % w.len] = (uint8_t)next_random();
		throw(w.b, next_random() % 8 ? w.len : next_random() % w.len);
	}
	still_answers("noise");
}

/* --- 20,000 queries --- */

static long resident_kb(void)
{
	char path[64], line[256];
	long kb = -1;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", f.child.pid);
	in = fopen(path, "r");
	while (in != NULL && fgets(line, sizeof(line), in) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	if (in != NULL)
		fclose(in);
	return kb;
}

static unsigned int descriptors(void)
{
	unsigned int n = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", f.child.pid);
	dir = opendir(path);
	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n;
}

/* 10 at a time, 9 refused ones and one allowed; the replies that came. */
static unsigned int many(unsigned int n)
{
	unsigned int got = 0;
	char other[64];

	for (unsigned int i = 0; i < n; i += 10) {
		put(f.client[0], name, DNSTYPE_A);
		for (unsigned int k = 1; k < 10; k++) {
			snprintf(other, sizeof(other), "n%u.example", i + k);
			put(f.client[0], other, DNSTYPE_A);
		}
		for (unsigned int k = 0; k < 10 && await(f.client[0]); k++)
			got += get(f.client[0]) == DNSRCODE_NOERROR;
	}
	return got;
}

static void load_leaves_nothing_behind(void)
{
	unsigned int fds, fds_after;
	long kb, kb_after;

	new_network();
	check(many(1000) == 1000, "to warm up");
	/* No question lingers any more. */
	fds = descriptors();
	kb = resident_kb();
	check(many(20000) == 20000, "20,000 replies");
	fds_after = descriptors();
	kb_after = resident_kb();
	check(fds_after <= fds, "descriptors: %u, then %u", fds, fds_after);
	check(kb > 0 && kb_after <= kb, "resident: %ld kB, then %ld", kb,
	      kb_after);
}

int main(int argc, char **argv)
{
	struct datapath_report report;

	if (argc == 2 && strcmp(argv[1], "--datapath") == 0)
		return datapath_main();
	set_up();
	if (mkdtemp(root) == NULL)
		err(1, "%s", root);
	allow_name(name);
	check(start(0, root, &report) == 0, "start: %s", report.step);
	new_network();
	throw_files(argc - 1, argv + 1);
	throw_random();
	load_leaves_nothing_behind();
	check(alive(), "it still runs");
	child_stop(&f.child);
	rmdir(root);
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
