/* SPDX-License-Identifier: ISC */
#include "conf.h"

#include <confuse.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confkey.h"
#include "dnsname.h"
#include "profile.h"

enum { CONF_FILE = 65536, CONF_KEYS = 48 };

/*
 * libconfuse takes the end of the file for the end of an open section. So
 * one more key is put behind the text: it is known only outside of sections.
 */
static const char sentinel[] = "end-of-file";

struct load {
	const char *path;
	struct conf c;
	struct conf named;	/* the file's names and suffixes, no profiles */
	struct why *why;
	int error;
	bool complete;
	int line[CONF_KEYS];	/* of each key's first value; 0: not given */
	int sections[CONF_SECTIONS];
};

/* libconfuse gives its callbacks no context; control is one thread. */
static struct load *loading;

static int fail(struct load *l, int line, const char *fmt, ...) PRINTF(3, 4);

static int fail(struct load *l, int line, const char *fmt, ...)
{
	char text[WHY_MAX];
	va_list ap;

	if (l->error != 0)
		return l->error;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *at = text; *at != '\0'; at++)
		if (iscntrl((unsigned char)*at))
			*at = '?';
	l->error = why_set(l->why, -EINVAL, "%s:%d: %s", l->path, line, text);
	return l->error;
}

static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[WHY_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (strstr(text, sentinel) == NULL)
		fail(loading, cfg->line, "%s; see sallyport.conf(5)", text);
	else
		fail(loading, cfg->line, "%s: the section is not closed",
		     cfg_name(cfg));
}

static const char *section_of(cfg_t *cfg)
{
	return strcmp(cfg_name(cfg), "root") == 0 ? "" : cfg_name(cfg);
}

static unsigned int find_key(const char *section, const char *name)
{
	unsigned int i = 0;

	while (strcmp(conf_keys[i].section, section) != 0 ||
	       strcmp(conf_keys[i].name, name) != 0)
		i++;
	return i;
}

static int line_of(const struct load *l, const char *section, const char *name)
{
	return l->line[find_key(section, name)];
}

/* Once for every value, of a list for each. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct load *l = loading;
	unsigned int i = find_key(section_of(cfg), opt->name);
	const struct conf_key *key = &conf_keys[i];
	bool first = opt->nvalues <= 1;	/* this one is counted */
	struct why why;
	char name[CONF_WORD];

	*(const char **)result = value;
	confkey_name(key, name);
	if (first && l->line[i] != 0)
		return fail(l, cfg->line, "%s: already given in line %d", name,
			    l->line[i]);
	if (first)
		l->line[i] = cfg->line;
	if (confkey_set(key, &l->c, &l->named, first, value, &why) != 0)
		return fail(l, cfg->line, "%s: %s", name, why.text);
	return 0;
}

static int on_sentinel(cfg_t *cfg, cfg_opt_t *opt, const char *value,
		       void *result)
{
	(void)opt;
	*(const char **)result = value;
	if (strcmp(value, "here") != 0)
		return fail(loading, cfg->line, "no such option '%s'; see "
			    "sallyport.conf(5)", sentinel);
	loading->complete = true;
	return 0;
}

/* Called where a section ends. */
static int on_section(cfg_t *cfg, cfg_opt_t *opt)
{
	int *seen = &loading->sections[confkey_section(opt->name)];

	if (*seen != 0)
		return fail(loading, cfg->line, "%s: the section is there "
			    "twice; the first ends in line %d", opt->name,
			    *seen);
	*seen = cfg->line;
	return 0;
}

static cfg_opt_t key_option(const struct conf_key *key)
{
	cfg_opt_t list = CFG_STR_LIST_CB(key->name, NULL, CFGF_NODEFAULT,
					 on_value);
	cfg_opt_t one = CFG_STR_CB(key->name, NULL, CFGF_NODEFAULT, on_value);

	return key->list ? list : one;
}

static void section_options(const char *section, cfg_opt_t *options)
{
	for (unsigned int i = 0; i < conf_n_keys; i++)
		if (strcmp(conf_keys[i].section, section) == 0)
			*options++ = key_option(&conf_keys[i]);
	*options = (cfg_opt_t)CFG_END();
}

static cfg_t *new_parser(void)
{
	cfg_opt_t options[CONF_KEYS], sub[CONF_SECTIONS][CONF_KEYS];
	cfg_opt_t end = CFG_STR_CB(sentinel, NULL, CFGF_NODEFAULT,
				   on_sentinel);
	unsigned int n = 0;
	cfg_t *cfg;

	section_options("", options);
	while (options[n].name != NULL)
		n++;
	for (unsigned int i = 1; i < CONF_SECTIONS; i++) {
		cfg_opt_t section = CFG_SEC(conf_sections[i], sub[i],
					    CFGF_NONE);

		section_options(conf_sections[i], sub[i]);
		section.validcb = on_section;
		options[n++] = section;
	}
	options[n++] = end;
	options[n] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(options, CFGF_NONE);
	if (cfg != NULL)
		cfg_set_error_function(cfg, on_error);
	return cfg;
}

/* A list without values calls nobody back: names = {} */
static int check_empty(struct load *l, cfg_t *cfg, unsigned int i)
{
	const struct conf_key *key = &conf_keys[i];
	cfg_t *sec = key->section[0] == '\0' ? cfg
					     : cfg_getsec(cfg, key->section);
	cfg_opt_t *opt = sec != NULL ? cfg_getopt(sec, key->name) : NULL;
	char name[CONF_WORD];

	if (opt == NULL || !key->list || cfg_opt_size(opt) != 0 ||
	    (opt->flags & CFGF_MODIFIED) == 0)
		return 0;
	confkey_name(key, name);
	if (l->line[i] != 0)
		return fail(l, l->line[i], "%s: given twice", name);
	if (key->min > 0)
		return fail(l, cfg->line, "%s: the list is empty", name);
	if (strcmp(name, "profile") == 0)
		l->line[i] = cfg->line;
	return 0;
}

static int last_of_names(const struct load *l)
{
	int names = line_of(l, "", "names");
	int suffixes = line_of(l, "", "suffixes");

	return names > suffixes ? names : suffixes;
}

/* The names of the profiles come first, wherever they stand in the file. */
static int merge_names(struct load *l)
{
	char text[DNSNAME_TEXT];
	struct why why;
	int error = 0;

	if (line_of(l, "", "profile") == 0)
		error = profile_add(&l->c, "auto", &why);
	for (unsigned int i = 0; i < l->named.n_names && error == 0; i++) {
		const struct policy_name *n = &l->named.names[i];

		dnsname_to_text(n->wire, n->len, text);
		error = profile_add_name(&l->c, text, n->suffix, &why);
	}
	if (error != 0)
		fail(l, last_of_names(l), "names: %s", why.text);
	return l->error;
}

static int check_firewall(struct load *l)
{
	const struct conf *c = &l->c;
	bool guest = c->firewall.mode == FWMODE_GUEST;
	int line = line_of(l, "firewall", "mode");

	if (line == 0)
		line = line_of(l, "firewall", "table");
	if (confkey_table(c->firewall.table, guest))
		;
	else if (guest)
		return fail(l, line, "firewall.table: \"%s\" is not a family "
			    "and a name, such as \"inet vendor\"; mode = "
			    "guest needs one", c->firewall.table);
	else
		return fail(l, line, "firewall.table: \"%s\" is not one name "
			    "of letters, digits and _", c->firewall.table);
	if (guest && c->firewall.set4[0] == '\0' &&
	    c->firewall.set6[0] == '\0')
		return fail(l, line, "firewall.mode: guest needs set4 or set6");
	return 0;
}

/* Below run-dir unless it is said where. */
static int place_socket(struct load *l)
{
	struct conf *c = &l->c;
	size_t size = sizeof(c->control.socket);
	char text[PATH_MAX + 16];

	if (line_of(l, "control", "socket") != 0)
		return 0;
	snprintf(text, sizeof(text), "%s/control.sock", c->run_dir);
	if (strlen(text) >= size)
		return fail(l, line_of(l, "", "run-dir"), "run-dir: too long "
			    "for a socket below it");
	memset(c->control.socket, 0, size);
	memcpy(c->control.socket, text, strlen(text));
	return 0;
}

/* What no key can say alone. */
static int check_together(struct load *l)
{
	struct conf *c = &l->c;

	if (c->allow.ttl_min > c->allow.ttl_max)
		return fail(l, line_of(l, "allow", "ttl-min"), "allow.ttl-min:"
			    " %u is above ttl-max = %u", c->allow.ttl_min,
			    c->allow.ttl_max);
	if (c->allow.per_name > c->allow.max_addresses) {
		if (line_of(l, "allow", "per-name") != 0)
			return fail(l, line_of(l, "allow", "per-name"),
				    "allow.per-name: %u is above "
				    "max-addresses = %u", c->allow.per_name,
				    c->allow.max_addresses);
		c->allow.per_name = c->allow.max_addresses;
	}
	if ((c->hostdns == HOSTDNS_FILE || c->hostdns == HOSTDNS_RESOLVCONF ||
	     c->hostdns == HOSTDNS_NETWORKMANAGER) && c->port != 53)
		return fail(l, line_of(l, "", "port"), "port: %u cannot be "
			    "written to resolv.conf; use port = 53 or "
			    "hostdns = none", c->port);
	if (c->tunnel.follow && c->tunnel.interface[0] == '\0')
		return fail(l, line_of(l, "tunnel", "follow"),
			    "tunnel.follow: which? needs tunnel.interface");
	return place_socket(l) != 0 ? l->error : check_firewall(l);
}

static int parse(struct load *l, const char *text)
{
	cfg_t *cfg = new_parser();

	if (cfg == NULL)
		return why_set(l->why, -ENOMEM, "%s: out of memory", l->path);
	loading = l;
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS)
		fail(l, cfg->line, "not understood");
	else if (!l->complete)
		fail(l, cfg->line, "a comment or a string is not closed");
	for (unsigned int i = 0; i < conf_n_keys && l->error == 0; i++)
		check_empty(l, cfg, i);
	loading = NULL;
	cfg_free(cfg);
	return l->error;
}

/* Whoever can write the file decides who gets through the door; in a trial,
 * nobody does. */
static int check_owner(int fd, const char *path, bool trial, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return why_set(why, -EINVAL, "%s: not a regular file", path);
	if (trial)
		return 0;
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return why_set(why, -EPERM, "%s: owned by uid %u; must be "
			       "root's: chown root %s", path,
			       (unsigned int)st.st_uid, path);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return why_set(why, -EPERM, "%s: others may write to it "
			       "(mode %04o): chmod go-w %s", path,
			       (unsigned int)(st.st_mode & 07777), path);
	return 0;
}

/* Leaves room for the sentinel. */
static int read_text(int fd, const char *path, char text[static CONF_FILE],
		     struct why *why)
{
	size_t at = 0, room = CONF_FILE - sizeof(sentinel) - 16;
	ssize_t n;

	while ((n = read(fd, text + at, room - at)) > 0)
		at += (size_t)n;
	if (n < 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	if (at == room)
		return why_set(why, -EFBIG, "%s: longer than %zu octets", path,
			       room - 1);
	text[at] = '\0';
	if (strlen(text) != at)
		return why_set(why, -EINVAL, "%s: a NUL octet at offset %zu",
			       path, strlen(text));
	sprintf(text + at, "\n%s = here\n", sentinel);
	return 0;
}

static int load_text(struct conf *c, const char *path, const char *text,
		     struct why *why)
{
	struct load *l = calloc(1, sizeof(*l));
	int error;

	if (l == NULL)
		return why_set(why, -ENOMEM, "%s: out of memory", path);
	l->path = path;
	l->why = why;
	confkey_defaults(&l->c);
	error = parse(l, text);
	if (error == 0)
		error = merge_names(l);
	if (error == 0)
		error = check_together(l);
	if (error == 0)
		*c = l->c;
	free(l);
	return error;
}

static int load(struct conf *c, const char *path, bool must_exist, bool trial,
		struct why *why)
{
	/* Not blocking: a FIFO is refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	char text[CONF_FILE];

	if (fd < 0 && errno == ENOENT && !must_exist) {
		conf_defaults(c);
		return 0;
	}
	if (fd < 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	error = check_owner(fd, path, trial, why);
	if (error == 0)
		error = read_text(fd, path, text, why);
	close(fd);
	return error != 0 ? error : load_text(c, path, text, why);
}

int conf_load(struct conf *c, const char *path, bool must_exist,
	      struct why *why)
{
	return load(c, path, must_exist, false, why);
}

int conf_try(struct conf *c, const char *path, struct why *why)
{
	return load(c, path, true, true, why);
}

void conf_defaults(struct conf *c)
{
	struct why why;

	confkey_defaults(c);
	/* Fails only when the names are full. */
	if (profile_add(c, "auto", &why) != 0)
		c->n_names = 0;
}

/* Whatever a profile is made of today, for people. */
static void print_names(const struct conf *c, FILE *out)
{
	char text[DNSNAME_TEXT];

	for (unsigned int i = 0; i < c->n_names; i++)
		fprintf(out, "# allowed: %s%s\n",
			dnsname_to_text(c->names[i].wire, c->names[i].len,
					text),
			c->names[i].suffix ? " and below" : "");
}

void conf_print(const struct conf *c, FILE *out)
{
	const char *section = "";

	print_names(c, out);
	for (unsigned int i = 0; i < conf_n_keys; i++) {
		const struct conf_key *key = &conf_keys[i];

		if (strcmp(key->section, section) != 0) {
			fprintf(out, "%s\n%s {\n",
				section[0] != '\0' ? "}\n" : "",
				key->section);
			section = key->section;
		}
		confkey_print(key, c, out);
	}
	fputs("}\n", out);
}
