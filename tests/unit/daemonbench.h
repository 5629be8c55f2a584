/* SPDX-License-Identifier: ISC */
/*
 * daemonbench.h - a daemon whose every outside part is a fake
 *
 * Firewall, host DNS and resolver write into one record and fail on demand;
 * settings, tunnel state and configuration are real files in a folder of
 * their own.
 */
#ifndef DAEMONBENCH_H
#define DAEMONBENCH_H

#include <stdlib.h>
#include <sys/stat.h>

#include "daemon.h"
#include "fwfake.h"
#include "log.h"
#include "record.h"

static struct daemon bench;
static struct fwfake bench_fw;
static char bench_dir[32];

/* --- host DNS: "read", "point", "restore" --- */

static struct {
	struct hostdns hostdns;
	bool pointed;
	unsigned int n;		/* servers the host has */
	uint8_t last;		/* octet of the first one */
} bench_dns;

static inline void bench_dns_close(struct hostdns *h)
{
	(void)h;
}

static inline int bench_dns_read(struct hostdns *h, struct hostdns_servers *s,
				 struct why *why)
{
	int error = record_call("read");

	(void)h;
	if (error < 0)
		return why_set(why, error, "injected: read");
	memset(s, 0, sizeof(*s));
	if (bench_dns.n == 0)
		return why_set(why, -ENOENT, "no server");
	s->n = 1;
	s->server[0].addr = ipaddr_v4((const uint8_t[]){
		192, 0, 2, bench_dns.last });
	return 0;
}

static inline int bench_dns_point(struct hostdns *h,
				  const struct ipaddr *listen, unsigned int n,
				  struct why *why)
{
	int error = record_call("point");

	(void)h;
	cr_expect(n == 2 && ipaddr_class(&listen[0]) == IPCLASS_LOOPBACK);
	if (error < 0)
		return why_set(why, error, "injected: point");
	bench_dns.pointed = true;
	return 0;
}

static inline int bench_dns_restore(struct hostdns *h, struct why *why)
{
	int error = record_call("restore");

	(void)h;
	if (error < 0)
		return why_set(why, error, "injected: restore");
	bench_dns.pointed = false;
	return 0;
}

static inline bool bench_dns_pointed(const struct hostdns *h)
{
	(void)h;
	return bench_dns.pointed;
}

static const struct hostdns_ops bench_dns_ops = {
	.name = "fake", .close = bench_dns_close, .read = bench_dns_read,
	.point = bench_dns_point, .restore = bench_dns_restore,
	.pointed = bench_dns_pointed,
};

/* --- the resolver: "start", "stop" where something changes --- */

static uint32_t bench_told;	/* epoch, in the last policy told */

static inline void bench_tell(struct daemon *d)
{
	bench_told = d->answer.epoch;
}

static inline int bench_start(struct daemon *d, struct why *why)
{
	int error;

	if (d->running)
		return 1;
	error = record_call("start");
	if (error < 0)
		return why_set(why, error, "injected: start");
	cr_assert_eq(arena_create(&d->child.arena, -1), 0);
	answer_attach(&d->answer, &d->child.arena);
	d->running = true;
	return 0;
}

/* It is gone, and nothing else has been done yet. */
static inline void bench_gone(struct daemon *d)
{
	answer_attach(&d->answer, NULL);
	if (d->running)
		arena_close(&d->child.arena);
	d->child.arena = (struct arena){ .control_fd = -1, .datapath_fd = -1 };
	d->running = false;
}

static inline void bench_stop(struct daemon *d)
{
	if (d->running)
		record_call("stop");
	bench_gone(d);
}

static inline int bench_steer(struct daemon *d, struct why *why)
{
	int error = record_call("steer");

	if (error < 0)
		return why_set(why, error, "injected: steer");
	d->bypass.steered = true;
	return 0;
}

static inline int bench_unsteer(struct daemon *d, struct why *why)
{
	int error = record_call("unsteer");

	if (error < 0)
		return why_set(why, error, "injected: unsteer");
	d->bypass.steered = false;
	return 0;
}

static const struct daemon_resolver bench_resolver = {
	bench_start, bench_stop, bench_tell, bench_steer, bench_unsteer,
};

/* --- life --- */

static inline const char *bench_path(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", bench_dir, name);
	return path;
}

static inline void bench_write_conf(const char *more)
{
	FILE *f = fopen(bench_path("conf"), "w");

	cr_assert_not_null(f);
	fprintf(f, "profile = {\"apple\"}\nstate-dir = \"%s/state\"\n"
		"run-dir = \"%s/run\"\ndatapath = socket\n%s", bench_dir, bench_dir, more);
	cr_assert_eq(fclose(f), 0);
	cr_assert_eq(chmod(bench_path("conf"), 0600), 0);
}

static inline void bench_init(void)
{
	static struct conf conf;
	struct why why;

	log_open(true, LEVEL_ERROR);
	record_reset();
	fwfake_init(&bench_fw);
	memset(&bench_dns, 0, sizeof(bench_dns));
	bench_dns.hostdns.ops = &bench_dns_ops;
	bench_dns.n = 1;
	bench_dns.last = 53;
	bench_told = 0;
	strcpy(bench_dir, "/tmp/daemonbench.XXXXXX");
	cr_assert_not_null(mkdtemp(bench_dir));
	cr_assert_eq(mkdir(bench_path("state"), 0700), 0);
	cr_assert_eq(mkdir(bench_path("run"), 0700), 0);
	bench_write_conf("");
	conf_defaults(&conf);
	cr_assert_eq(conf_load(&conf, bench_path("conf"), true, &why), 0,
		     "%s", why.text);
	memset(&bench, 0, sizeof(bench));
	daemon_init(&bench, &conf);
	strcpy(bench.conf_path, bench_path("conf"));
	bench.fw = &bench_fw.fw;
	bench.hostdns = &bench_dns.hostdns;
	bench.resolver = &bench_resolver;
}

static inline void bench_remove(const char *name)
{
	cr_expect(remove(bench_path(name)) == 0 || errno == ENOENT, "%s",
		  name);
}

static inline void bench_fini(void)
{
	bench_gone(&bench);
	bench_remove("state/settings.json");
	bench_remove("state/early.nft");
	bench_remove("run/tunnel.json");
	bench_remove("state");
	bench_remove("run");
	bench_remove("conf");
	cr_expect_eq(rmdir(bench_dir), 0, "something is left in %s",
		     bench_dir);
}

/* As after a stop in this state. */
static inline void bench_saved(bool netcheck, bool lockdown,
			       const struct tunnel *t)
{
	const struct settings s = { netcheck, lockdown, false };
	struct why why;

	cr_assert_eq(settings_save(bench.conf.state_dir, &s, &why), 0);
	cr_assert_eq(settings_save_tunnel(bench.conf.run_dir, t, &why), 0);
}

static inline void bench_up(bool netcheck, bool lockdown,
			    const struct tunnel *t)
{
	struct why why = { "" };

	bench_saved(netcheck, lockdown, t);
	cr_assert_eq(daemon_start(&bench, &why), 0, "%s", why.text);
	record_forget();
}

/* A front-end's word, with what each state needs. */
static inline struct tunnel bench_tunnel(enum tunnel_state state,
					 enum tunnel_cause cause)
{
	struct tunnel t = { .state = state, .cause = cause };

	if (state == TUNNEL_CONNECTING || state == TUNNEL_CONNECTED) {
		t.n_relays = 1;
		cr_assert(endpoint_parse("198.51.100.7:51820", &t.relays[0]));
	}
	if (state == TUNNEL_CONNECTED)
		strcpy(t.interface, "wg0");
	return t;
}

/* The disk cannot be written to, or can again. */
static inline void bench_disk(const char *dir, bool works)
{
	char away[80];

	snprintf(away, sizeof(away), "%s.away", bench_path(dir));
	cr_assert_eq(works ? rename(away, bench_path(dir)) :
			     rename(bench_path(dir), away), 0);
}

#endif /* DAEMONBENCH_H */
