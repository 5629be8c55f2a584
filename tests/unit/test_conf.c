/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "dnsname.h"

static char path[64];

static void write_conf(const char *text, size_t len)
{
	FILE *out;

	strcpy(path, "/tmp/test_conf.XXXXXX");
	out = fdopen(mkstemp(path), "w");
	cr_assert(out != NULL);
	cr_assert_eq(fwrite(text, 1, len, out), len);
	fclose(out);
}

static int load_octets(const char *text, size_t len, struct conf *c,
		       struct why *why)
{
	int error;

	write_conf(text, len);
	why->text[0] = '\0';
	error = conf_load(c, path, true, why);
	unlink(path);
	return error;
}

static int load(const char *text, struct conf *c, struct why *why)
{
	return load_octets(text, strlen(text), c, why);
}

/* What stands behind "PATH", or behind "PATH:". */
static const char *sentence(const struct why *why)
{
	return why->text + strlen(path);
}

#define N16 "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"

static const struct {
	const char *text, *want;
} errors[] = {
	{ "refuse = \"drop\"", ":1: refuse: \"drop\" is not one of empty, "
	  "ignore, refused, nxdomain" },
	{ "\n\n  mode = both\n", ":3: mode: \"both\" is not one of forward, "
	  "spoof" },
	{ "lan = maybe", ":1: lan: \"maybe\" is not one of true, yes, on, "
	  "false, no, off" },
	{ "log-level = loud", ":1: log-level: \"loud\" is not one of error, "
	  "warning, info, debug" },
	{ "tunnel {\n follow = true }", ":2: tunnel.follow: which? needs "
	  "tunnel.interface" },
	/* numbers */
	{ "port = 0", ":1: port: 0 is not from 1 to 65535" },
	{ "port = 65536", ":1: port: 65536 is not from 1 to 65535" },
	{ "port = -1", ":1: port: \"-1\" is not a number from 1 to 65535" },
	{ "port = 0x35", ":1: port: \"0x35\" is not a number from 1 to "
	  "65535" },
	{ "port = \"\"", ":1: port: \"\" is not a number from 1 to 65535" },
	{ "port = 99999999999999999999999", ":1: port: "
	  "99999999999999999999999 is not from 1 to 65535" },
	{ "allow { ttl-min = 29 }", ":1: allow.ttl-min: 29 is not from 30 to "
	  "300" },
	{ "allow {\nttl-max = 301\n}", ":2: allow.ttl-max: 301 is not from "
	  "30 to 300" },
	{ "allow { max-addresses = 257 }", ":1: allow.max-addresses: 257 is "
	  "not from 1 to 256" },
	{ "allow { per-name = 65 }", ":1: allow.per-name: 65 is not from 1 "
	  "to 64" },
	{ "allow { ports = {80, 0} }", ":1: allow.ports: 0 is not from 1 to "
	  "65535" },
	{ "allow { ports = {" N16 ",\n17} }", ":2: allow.ports: more than 16 "
	  "values" },
	{ "allow { uid = 4294967295 }", ":1: allow.uid: \"4294967295\" is "
	  "not a user, a number or any" },
	{ "allow { uid = nobody-here }", ":1: allow.uid: \"nobody-here\" is "
	  "not a user, a number or any" },
	{ "allow { private = some }", ":1: allow.private: \"some\" is not "
	  "one of on-link, never, any" },
	/* one against another */
	{ "allow { ttl-min = 200\nttl-max = 100 }", ":1: allow.ttl-min: 200 "
	  "is above ttl-max = 100" },
	{ "allow { max-addresses = 8\nper-name = 9 }", ":2: allow.per-name: "
	  "9 is above max-addresses = 8" },
	{ "hostdns = networkmanager\nport = 5353", ":2: port: 5353 cannot be "
	  "written to resolv.conf; use port = 53 or hostdns = none" },
	{ "hostdns = file\nport = 5353", ":2: port: 5353 cannot be written "
	  "to resolv.conf; use port = 53 or hostdns = none" },
	{ "hostdns = resolvconf\nport = 5353", ":2: port: 5353 cannot be "
	  "written to resolv.conf; use port = 53 or hostdns = none" },
	/* structure */
	{ "rifuse = empty", ":1: no such option 'rifuse'; see "
	  "sallyport.conf(5)" },
	{ "allow { port = 53 }", ":1: no such option 'port'; see "
	  "sallyport.conf(5)" },
	{ "end-of-file = x", ":1: no such option 'end-of-file'; see "
	  "sallyport.conf(5)" },
	{ "port = 53\nport = 54", ":2: port: already given in line 1" },
	{ "names = {\"a.b\"}\nnames = {\"c.d\"}", ":2: names: already given "
	  "in line 1" },
	{ "names = {\"a.b\"}\nnames = {}", ":1: names: given twice" },
	{ "allow { }\nallow { }", ":2: allow: the section is there twice; "
	  "the first ends in line 1" },
	{ "allow {\nuid = 4\n", ":4: allow: the section is not closed" },
	{ "names = {\"a.b\",\n", ":3: unexpected token '='; see "
	  "sallyport.conf(5)" },
	{ "port = \"53\nlan = on\n", ":5: premature end of file; see "
	  "sallyport.conf(5)" },
	{ "/* lan = on\n", ":4: a comment or a string is not closed" },
	{ "port 53", ":1: missing equal sign after option 'port'; see "
	  "sallyport.conf(5)" },
	{ "include(\"/etc/passwd\")", ":1: no such option 'include'; see "
	  "sallyport.conf(5)" },
	/* addresses */
	{ "listen = {}", ":3: listen: the list is empty" },
	{ "listen = {\"192.0.2.1\"}", ":1: listen: \"192.0.2.1\" is not a "
	  "loopback address such as 127.0.0.1 or ::1" },
	{ "listen = {\"127.0.0.1:53\"}", ":1: listen: \"127.0.0.1:53\" is "
	  "not a loopback address such as 127.0.0.1 or ::1" },
	{ "upstreams = {\"192.0.2.256\"}", ":1: upstreams: \"192.0.2.256\" "
	  "is not an IPv4 or IPv6 address" },
	{ "upstreams = {\"127.0.0.53\"}", ":1: upstreams: 127.0.0.53 is a "
	  "loopback address, not a server's" },
	{ "upstreams = {\"1.1.1.1\", \"1.1.1.2\", \"1.1.1.3\", \"1.1.1.4\","
	  " \"1.1.1.5\"}", ":1: upstreams: more than 4 values" },
	{ "tunnel { endpoints = {\"192.0.2.1\"} }", ":1: tunnel.endpoints: "
	  "\"192.0.2.1\" is not an endpoint such as 192.0.2.1:51820/udp or "
	  "[2001:db8::1]:443/tcp" },
	/* names */
	{ "names = {\"captive..apple.com\"}", ":1: names: "
	  "\"captive..apple.com\" is not a host name" },
	{ "names = {\".\"}", ":1: names: \".\" is not a host name" },
	{ "names = {\"\"}", ":1: names: \"\" is not a host name" },
	{ "suffixes = {\"com\"}", ":1: suffixes: \"com\" is too wide; a "
	  "suffix has at least two labels" },
	{ "profile = {\"amiga\"}", ":1: profile: \"amiga\" is not one of "
	  "auto, none, apple, networkmanager, gnome, kde, firefox, windows, "
	  "android, chromeos" },
	/* texts */
	{ "state-dir = \"var\"", ":1: state-dir: \"var\" is not an absolute "
	  "path" },
	{ "run-dir = \"/a\nb\"", ":2: run-dir: \"/a?b\" is not an absolute "
	  "path" },
	{ "tunnel { interface = \"a/b\" }", ":1: tunnel.interface: \"a/b\" "
	  "is not an interface" },
	{ "tunnel { interface = \"wg01234567890123\" }", ":1: "
	  "tunnel.interface: \"wg01234567890123\" is longer than 15 octets" },
	{ "control { admin-group = \"a b\" }", ":1: control.admin-group: "
	  "\"a b\" is not a group" },
	/* firewall */
	{ "firewall { table = \"x; flush ruleset\" }", ":1: firewall.table: "
	  "\"x; flush ruleset\" is not a table such as \"sallyport\" or "
	  "\"inet vendor\"" },
	{ "firewall { mode = guest }", ":1: firewall.table: \"sallyport\" is "
	  "not a family and a name, such as \"inet vendor\"; mode = guest "
	  "needs one" },
	{ "firewall { table = \"inet x\" }", ":1: firewall.table: \"inet x\" "
	  "is not one name of letters, digits and _" },
	{ "firewall { mode = guest\ntable = \"inet x\" }", ":1: "
	  "firewall.mode: guest needs set4 or set6" },
	{ "firewall { set4 = \"a b\" }", ":1: firewall.set4: \"a b\" is not "
	  "the name of a set: letters, digits and _" },
};

Test(conf, errors)
{
	for (size_t i = 0; i < NITEMS(errors); i++) {
		struct conf c;
		struct why why;

		memset(&c, 0x5a, sizeof(c));
		cr_expect(load(errors[i].text, &c, &why) < 0, "%s",
			  errors[i].text);
		cr_expect_str_eq(sentence(&why), errors[i].want, "%s: %s",
				 errors[i].text, why.text);
		for (size_t at = 0; at < sizeof(c); at++)
			cr_assert_eq(((unsigned char *)&c)[at], 0x5a,
				     "%s: touched", errors[i].text);
	}
}

Test(conf, defaults)
{
	struct conf c, empty;
	struct why why;

	conf_defaults(&c);
	cr_assert_eq(load("", &empty, &why), 0, "%s", why.text);
	cr_expect_eq(memcmp(&c, &empty, sizeof(c)), 0);
	cr_expect(c.n_names > 0);
	cr_expect_eq(c.n_listen, 2);
	cr_expect_eq(c.port, 53);
	cr_expect_eq(c.upstream_port, 53);
	cr_expect_eq(c.refuse, REFUSE_EMPTY);
	cr_expect_eq(c.allow.n_ports, 2);
	cr_expect_eq(c.allow.ports[1], 443);
	cr_expect_eq(c.allow.uid, 0);
	cr_expect(!c.allow.any_uid && !c.lan && !c.tunnel.follow);
	cr_expect_eq(c.allow.ttl_min, TTL_MIN);
	cr_expect_eq(c.allow.ttl_max, TTL_MAX);
	cr_expect_eq(c.allow.max_addresses, ALLOW_MAX);
	cr_expect_eq(c.allow.per_name, ALLOW_PER_NAME);
	cr_expect_str_eq(c.resolv_conf, "/etc/resolv.conf");
	cr_expect_str_eq(c.control.socket, RUN_DIR "/sallyport/control.sock");
	cr_expect_str_eq(c.state_dir, STATE_DIR "/sallyport");
}

/* Every key with something else than its default. */
static const char other[] =
	"# a comment\n"
	"names = {\"portal.example.\", \"Captive.Apple.com\"}\n"
	"profile = {\"apple\", 'kde'}\n"
	"suffixes = \"corp.example\"\n"
	"mode = spoof // another\n"
	"refuse = nxdomain\n"
	"datapath = \"socket\"\n"
	"wire = xdp\n"
	"listen = {\"127.0.0.54\"}\n"
	"port = 5353\n"
	"hostdns = none\n"
	"resolv-conf = \"/tmp/a b/resolv.conf\"\n"
	"upstreams = {\"192.0.2.53\", \"2001:db8::53\", \"192.0.2.53\"}\n"
	"upstream-port = 5300\n"
	"lan = yes\n"
	"log-level = debug\n"
	"state-dir = \"/tmp/s\"\n"
	"run-dir = \"/tmp/r\"\n"
	"allow { ports = {80, 8080, 80}\n uid = any\n ttl-min = 60\n"
	" ttl-max = 60\n max-addresses = 8\n private = never }\n"
	"tunnel { interface = wg0\n follow = yes\n"
	" endpoints = {\"192.0.2.1:51820\", \"[2001:db8::1]:443/tcp\"} }\n"
	"firewall { mode = guest\n table = \"inet vendor\"\n set4 = door4 }\n"
	"control { admin-group = wheel }\n";

Test(conf, other_values)
{
	struct conf c;
	struct why why;
	char name[DNSNAME_TEXT];

	cr_assert_eq(load(other, &c, &why), 0, "%s", why.text);
	cr_expect_str_eq(c.profiles, "apple,kde");
	cr_expect_str_eq(dnsname_to_text(c.names[0].wire, c.names[0].len,
					 name), "captive.apple.com");
	cr_expect_str_eq(dnsname_to_text(c.names[4].wire, c.names[4].len,
					 name), "portal.example");
	cr_expect_eq(c.n_names, 6);
	cr_expect(c.names[5].suffix && !c.names[4].suffix);
	cr_expect_eq(c.n_listen, 1);
	cr_expect_eq(c.n_upstreams, 2);
	cr_expect_eq(c.allow.n_ports, 2);
	cr_expect(c.allow.any_uid && c.lan);
	cr_expect_eq(c.allow.per_name, 8, "follows max-addresses");
	cr_expect(c.tunnel.follow);
	cr_expect_eq(c.tunnel.n_endpoints, 2);
	cr_expect_str_eq(c.control.socket, "/tmp/r/control.sock");
}

static void round_trip(const char *text)
{
	struct conf *c = calloc(2, sizeof(*c));
	struct why why;
	char *printed;
	size_t len;
	FILE *out = open_memstream(&printed, &len);

	cr_assert_eq(load(text, &c[0], &why), 0, "%s", why.text);
	conf_print(&c[0], out);
	fclose(out);
	cr_assert_eq(load(printed, &c[1], &why), 0, "%s", why.text);
	cr_expect_eq(memcmp(&c[0], &c[1], sizeof(*c)), 0, "%s", printed);
	free(printed);
	free(c);
}

Test(conf, round_trip)
{
	round_trip("");
	round_trip(other);
	round_trip("profile = {}\nnames = \"a.b\"\n");
	round_trip("profile = none");
	round_trip("profile = apple\nsuffixes = \"captive.apple.com\"\n");
	round_trip("firewall { mode = memory }");
}

Test(conf, empty_profile)
{
	struct conf c;
	struct why why;

	cr_assert_eq(load("profile = {}", &c, &why), 0);
	cr_expect_eq(c.n_names, 0);
	cr_assert_eq(load("profile = none\nnames = \"a.b\"", &c, &why), 0);
	cr_expect_eq(c.n_names, 1);
}

static void names_text(char *text, unsigned int n)
{
	text += sprintf(text, "profile = none\nnames = {\"n0.example\"");
	for (unsigned int i = 1; i < n; i++)
		text += sprintf(text, ",\n\"n%u.example\"", i);
	strcpy(text, "}\n");
}

Test(conf, names_up_to_the_bound)
{
	char text[4096];
	struct conf c;
	struct why why;

	names_text(text, POLICY_NAMES);
	cr_expect_eq(load(text, &c, &why), 0, "%s", why.text);
	names_text(text, POLICY_NAMES + 1);
	cr_expect(load(text, &c, &why) < 0);
	cr_expect_str_eq(sentence(&why), ":66: names: \"n64.example\" is one "
			 "name too many; at most 64 with those of the "
			 "profiles");
	names_text(text, POLICY_NAMES);
	memcpy(text, "profile = kde ", 14);
	cr_expect(load(text, &c, &why) < 0, "full together with a profile");
	cr_expect_str_eq(sentence(&why), ":2: names: \"n63.example\" is one "
			 "name too many; at most 64 with those of the "
			 "profiles");
}

static const struct {
	const char *what, *text, *want;
	size_t len;
} octets[] = {
	{ "a NUL", "lan = on\0\n", ": a NUL octet at offset 8", 10 },
	{ "only a NUL", "\0", ": a NUL octet at offset 0", 1 },
};

Test(conf, hostile_octets)
{
	static char big[70000];
	struct conf c;
	struct why why;

	for (size_t i = 0; i < NITEMS(octets); i++) {
		cr_expect(load_octets(octets[i].text, octets[i].len, &c,
				      &why) < 0, "%s", octets[i].what);
		cr_expect_str_eq(sentence(&why), octets[i].want);
	}
	memset(big, '\n', sizeof(big));
	cr_expect_eq(load_octets(big, sizeof(big), &c, &why), -EFBIG);
	cr_expect_eq(load_octets(big, 60000, &c, &why), 0);
}

static const struct {
	const char *what;
	mode_t mode;
	uid_t uid;
	int want;
} owners[] = {
	{ "private",             0600, 0, 0 },
	{ "readable by all",     0644, 0, 0 },
	{ "group may write",     0664, 0, -EPERM },
	{ "all may write",       0646, 0, -EPERM },
	{ "somebody else's",     0600, 7, -EPERM },
};

Test(conf, owner)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to give files away");
	for (size_t i = 0; i < NITEMS(owners); i++) {
		struct conf c;
		struct why why;

		write_conf("", 0);
		cr_assert_eq(chmod(path, owners[i].mode), 0);
		cr_assert_eq(chown(path, owners[i].uid, 0), 0);
		cr_expect_eq(conf_load(&c, path, true, &why), owners[i].want,
			     "%s", owners[i].what);
		unlink(path);
	}
}

Test(conf, no_file)
{
	struct conf c, defaults;
	struct why why;

	conf_defaults(&defaults);
	cr_expect_eq(conf_load(&c, "/nonexistent", true, &why), -ENOENT);
	cr_expect_str_eq(why.text, "/nonexistent: No such file or directory");
	cr_expect_eq(conf_load(&c, "/nonexistent", false, &why), 0);
	cr_expect_eq(memcmp(&c, &defaults, sizeof(c)), 0);
	cr_expect_eq(conf_load(&c, "/", true, &why), -EINVAL);
	cr_expect_str_eq(why.text, "/: not a regular file");
}

static const struct {
	const char *text, *want;	/* NULL: refused */
} endpoints[] = {
	{ "192.0.2.1:51820",       "192.0.2.1:51820/udp" },
	{ "192.0.2.1:1/udp",       "192.0.2.1:1/udp" },
	{ "192.0.2.1:65535/tcp",   "192.0.2.1:65535/tcp" },
	{ "[2001:db8::1]:443/tcp", "[2001:db8::1]:443/tcp" },
	{ "[2001:db8::1]:443",     "[2001:db8::1]:443/udp" },
	{ "192.0.2.1:0",           NULL },
	{ "192.0.2.1:65536",       NULL },
	{ "192.0.2.1:+80",         NULL },
	{ "192.0.2.1:",            NULL },
	{ "192.0.2.1",             NULL },
	{ "192.0.2.1:80/",         NULL },
	{ "192.0.2.1:80/sctp",     NULL },
	{ "192.0.2.1:80/tcp ",     NULL },
	{ "2001:db8::1:443",       NULL },
	{ "[2001:db8::1]443",      NULL },
	{ "[2001:db8::1",          NULL },
	{ "[192.0.2.1]:80",        NULL },
	{ "0.0.0.0:80",            NULL },
	{ ":80",                   NULL },
	{ "",                      NULL },
};

Test(conf, endpoints)
{
	for (size_t i = 0; i < NITEMS(endpoints); i++) {
		struct endpoint e;
		char text[ENDPOINT_TEXT];
		bool ok = endpoint_parse(endpoints[i].text, &e);

		cr_expect_eq(ok, endpoints[i].want != NULL, "%s",
			     endpoints[i].text);
		if (ok && endpoints[i].want != NULL)
			cr_expect_str_eq(endpoint_text(&e, text),
					 endpoints[i].want);
	}
}
