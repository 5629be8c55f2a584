/* SPDX-License-Identifier: ISC */
/*
 * A capture file, through libpcap and all of the dry run, told in both
 * forms. It ends, a packet is of one class at most, and twice is the same.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "tools/replay/line.h"
#include "tools/replay/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
	char *text;
	size_t len;
};

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static struct dryrun *new_run(void)
{
	static struct dryrun *d;
	static struct conf c;
	struct why why;

	if (d == NULL) {
		d = calloc(1, sizeof(*d));
		expect(d != NULL);
		log_set_level(LEVEL_ERROR);
		conf_defaults(&c);
		/* For corpora that are the same everywhere. */
		c.n_names = 1;
		c.names[0].suffix = false;
		c.names[0].len = (uint8_t)dnsname_from_text(
			"captive.apple.com", c.names[0].wire);
	}
	expect(dryrun_open(d, &c, &why) == 0);
	dryrun_restart(d);
	return d;
}

static void seen(void *context, enum link link, const struct source_record *r)
{
	dryrun_packet(context, link, r);
}

static void play(struct dryrun *d, const char *path)
{
	struct source_file *s;
	char error[256];

	if (source_file_open(&s, path, NULL, error, sizeof(error)) < 0) {
		expect(error[0] != '\0');
		return;
	}
	while (source_file_read(s, 100, seen, d, error, sizeof(error)) > 0)
		expect(source_file_percent(s) <= 100);
	source_file_close(s);
}

static void check(const struct dryrun *d)
{
	uint64_t classes = 0, frames = 0;

	for (unsigned int i = 0; i < LEDGER__N; i++)
		classes += d->counts.classes[i];
	for (unsigned int i = 0; i < PARSE__N; i++)
		frames += d->counts.frames[i];
	expect(frames == d->counts.packets);
	/* What is lost half-way is classified when it is given up. */
	expect(classes <= frames + d->streams.unfinished +
	       d->counts.parts_lost);
	expect(d->leaks.packets == d->counts.classes[LEDGER_LEAK] +
	       d->counts.classes[LEDGER_UNREAD]);
}

static struct told run(const char *path, dryrun_tell *tell)
{
	struct told t;
	FILE *file = open_memstream(&t.text, &t.len);
	struct dryrun *d = new_run();
	struct line line = { .file = file, .path = "x",
			     .judge = &d->door.policy.judge };
	struct print p = { .file = file, .width = 80, .label = 15 };

	d->tell = tell;
	d->context = &line;
	play(d, path);
	dryrun_restart(d);
	check(d);
	if (tell == line_text)
		summary_text(&p, d);
	else
		summary_json(file, d);
	dryrun_close(d);
	fclose(file);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char path[64];
	struct told a, b;

	expect(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* Every eighth length twice, or as JSON, so that it is quick. */
	a = run(path, size % 8 == 7 ? line_json : line_text);
	if (size % 8 == 3) {
		b = run(path, line_text);
		expect(a.len == b.len && memcmp(a.text, b.text, a.len) == 0);
		free(b.text);
	}
	free(a.text);
	close(fd);
	return 0;
}
