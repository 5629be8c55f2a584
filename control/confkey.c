/* SPDX-License-Identifier: ISC */
#include "confkey.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

const char *const conf_sections[CONF_SECTIONS] = {
	"", "allow", "tunnel", "firewall", "control",
};

/* Printable, and with no meaning inside of a quoted string. */
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (!isprint((unsigned char)*text) ||
		    strchr("\"\\$'", *text) != NULL)
			return false;
	return true;
}

static bool is_path(const char *text)
{
	return text[0] == '/' && is_plain(text);
}

/* dev_valid_name() of the kernel, and no '*', nft's wildcard. */
bool conf_interface(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n < IF_NAMESIZE && is_plain(text) &&
	       strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
	       strpbrk(text, "/: *") == NULL;
}

static bool is_interface(const char *text)
{
	return text[0] == '\0' || conf_interface(text);
}

static bool is_identifier(const char *text)
{
	size_t n = 0;

	if (!isalpha((unsigned char)text[0]) && text[0] != '_')
		return false;
	while (isalnum((unsigned char)text[n]) ||
	       (text[n] != '\0' && strchr("_-.", text[n]) != NULL))
		n++;
	return text[n] == '\0';
}

static bool is_set(const char *text)
{
	return text[0] == '\0' || is_identifier(text);
}

bool confkey_table(const char *text, bool family)
{
	static const char *const families[] = { "inet ", "ip ", "ip6 " };

	if (!family)
		return is_identifier(text);
	for (size_t i = 0; i < NITEMS(families); i++) {
		size_t n = strlen(families[i]);

		if (strncmp(text, families[i], n) == 0)
			return is_identifier(text + n);
	}
	return false;
}

static bool is_table(const char *text)
{
	return confkey_table(text, false) || confkey_table(text, true);
}

#define HAVE(text, value) { text, value, false }
#define IF(have, text, value) { text, value, !(have) }

static const struct conf_word bools[] = {
	HAVE("true", true), HAVE("yes", true), HAVE("on", true),
	HAVE("false", false), HAVE("no", false), HAVE("off", false),
	{ 0 }
};

static const struct conf_word modes[] = {
	HAVE("forward", MODE_FORWARD), HAVE("spoof", MODE_SPOOF), { 0 }
};

static const struct conf_word refusals[] = {
	HAVE("empty", REFUSE_EMPTY), HAVE("ignore", REFUSE_IGNORE),
	HAVE("refused", REFUSE_REFUSED), HAVE("nxdomain", REFUSE_NXDOMAIN),
	{ 0 }
};

static const struct conf_word datapaths[] = {
	HAVE("auto", DATAPATH_AUTO), HAVE("socket", DATAPATH_SOCKET),
	HAVE("bypass", DATAPATH_BYPASS), { 0 }
};

static const struct conf_word wires[] = {
	HAVE("packet", WIRE_PACKET), HAVE("xdp", WIRE_XDP), { 0 }
};

static const struct conf_word doors[] = {
	HAVE("set", DOOR_SET), HAVE("hash", DOOR_HASH), { 0 }
};

static const struct conf_word backends[] = {
	HAVE("auto", HOSTDNS_AUTO), HAVE("resolved", HOSTDNS_RESOLVED),
	HAVE("networkmanager", HOSTDNS_NETWORKMANAGER),
	HAVE("resolvconf", HOSTDNS_RESOLVCONF),
	HAVE("file", HOSTDNS_FILE), HAVE("none", HOSTDNS_NONE),
	HAVE("systemconfiguration", HOSTDNS_SYSTEMCONFIGURATION), { 0 }
};

static const struct conf_word exempts[] = {
	IF(GROUP_RULES, "group", EXEMPT_GROUP),
	HAVE("ports", EXEMPT_PORTS), { 0 }
};

static const struct conf_word levels[] = {
	HAVE("error", LEVEL_ERROR), HAVE("warning", LEVEL_WARNING),
	HAVE("info", LEVEL_INFO), HAVE("debug", LEVEL_DEBUG), { 0 }
};

static const struct conf_word privates[] = {
	HAVE("on-link", PRIVATE_ON_LINK), HAVE("never", PRIVATE_NEVER),
	HAVE("any", PRIVATE_ANY), { 0 }
};

static const struct conf_word fwmodes[] = {
	HAVE("own", FWMODE_OWN), HAVE("guest", FWMODE_GUEST),
	HAVE("memory", FWMODE_MEMORY), { 0 }
};

static const struct conf_test path = { is_path, "an absolute path" };
static const struct conf_test interface = { is_interface, "an interface" };
static const struct conf_test group = { is_identifier, "a group" };
static const struct conf_test table = {
	is_table, "a table such as \"sallyport\" or \"inet vendor\""
};
static const struct conf_test set = {
	is_set, "the name of a set: letters, digits and _"
};

#define AT(f) .at = offsetof(struct conf, f), \
	.size = sizeof(((struct conf *)NULL)->f)
#define LIST(f, n) .list = true, .at = offsetof(struct conf, f), \
	.size = sizeof(((struct conf *)NULL)->f[0]), \
	.max = NITEMS(((struct conf *)NULL)->f), \
	.count_at = offsetof(struct conf, n)
#define WORD(name, table, preset) name, &confkind_word, preset, \
	.allowed = table
#define TEXT(name, test, preset) name, &confkind_text, preset, \
	.allowed = &test
#define NUMBER(name, low, high, preset) name, &confkind_number, preset, \
	.min = low, .max = high

const struct conf_key conf_keys[] = {
	{ "", "profile", &confkind_profile, "", .list = true },
	{ "", "names", &confkind_name, "", .list = true },
	{ "", "suffixes", &confkind_name, "", .list = true, .max = 1 },
	{ "", WORD("mode", modes, "forward"), AT(mode) },
	{ "", WORD("refuse", refusals, "empty"), AT(refuse) },
	{ "", WORD("datapath", datapaths, "auto"), AT(datapath) },
	{ "", WORD("wire", wires, "packet"), AT(wire) },
	{ "", WORD("door", doors, "set"), AT(door) },
	{ "", "listen", &confkind_listen, "127.0.0.1 ::1",
	  LIST(listen, n_listen), .min = 1 },
	{ "", NUMBER("port", 1, 65535, "53"), AT(port) },
	{ "", WORD("hostdns", backends, "auto"), AT(hostdns) },
	{ "", TEXT("resolv-conf", path, "/etc/resolv.conf"),
	  AT(resolv_conf) },
	{ "", "upstreams", &confkind_upstream, "",
	  LIST(upstreams, n_upstreams) },
	{ "", NUMBER("upstream-port", 1, 65535, "53"), AT(upstream_port) },
	{ "", WORD("capture", bools, "true"), AT(capture) },
	{ "", WORD("lan", bools, "false"), AT(lan) },
	{ "", WORD("exempt", exempts, EXEMPT_DEFAULT), AT(exempt) },
	{ "", WORD("log-level", levels, "info"), AT(log_level) },
	{ "", TEXT("state-dir", path, STATE_DIR "/sallyport"), AT(state_dir) },
	{ "", TEXT("run-dir", path, RUN_DIR "/sallyport"), AT(run_dir) },

	{ "allow", "ports", &confkind_port, "80 443",
	  LIST(allow.ports, allow.n_ports), .min = 1 },
	{ "allow", "uid", &confkind_uid, "0", .list = false },
	{ "allow", NUMBER("ttl-min", TTL_MIN, TTL_MAX, "30"),
	  AT(allow.ttl_min) },
	{ "allow", NUMBER("ttl-max", TTL_MIN, TTL_MAX, "300"),
	  AT(allow.ttl_max) },
	{ "allow", NUMBER("max-addresses", 1, ALLOW_MAX, "256"),
	  AT(allow.max_addresses) },
	{ "allow", NUMBER("per-name", 1, ALLOW_PER_NAME, "64"),
	  AT(allow.per_name) },
	{ "allow", WORD("private", privates, "on-link"), AT(allow.private) },
	{ "allow", WORD("portal-api", bools, "false"), AT(allow.portal_api) },

	{ "tunnel", TEXT("interface", interface, ""), AT(tunnel.interface) },
	{ "tunnel", "endpoints", &confkind_endpoint, "",
	  LIST(tunnel.endpoints, tunnel.n_endpoints) },
	{ "tunnel", WORD("follow", bools, "false"), AT(tunnel.follow) },

	{ "firewall", WORD("mode", fwmodes, "own"), AT(firewall.mode) },
	{ "firewall", TEXT("table", table, "sallyport"), AT(firewall.table) },
	{ "firewall", TEXT("set4", set, ""), AT(firewall.set4) },
	{ "firewall", TEXT("set6", set, ""), AT(firewall.set6) },

	{ "control", TEXT("socket", path, RUN_DIR "/sallyport/control.sock"),
	  AT(control.socket) },
	{ "control", TEXT("admin-group", group, "sallyport-admin"),
	  AT(control.admin_group) },
};

const unsigned int conf_n_keys = NITEMS(conf_keys);

void confkey_name(const struct conf_key *key, char name[static CONF_WORD])
{
	snprintf(name, CONF_WORD, "%s%s%s", key->section,
		 key->section[0] != '\0' ? "." : "", key->name);
}

unsigned int confkey_section(const char *name)
{
	unsigned int i = 0;

	while (strcmp(conf_sections[i], name) != 0)
		i++;
	return i;
}

int confkey_set(const struct conf_key *key, struct conf *c,
		struct conf *named, bool first, const char *text,
		struct why *why)
{
	if (first && key->count_at != 0) {
		memset((char *)c + key->count_at, 0, sizeof(uint16_t));
		memset((char *)c + key->at, 0, key->size * key->max);
	}
	return key->kind->set(key, key->kind == &confkind_name ? named : c,
			      text, why);
}

static void set_default(const struct conf_key *key, struct conf *c)
{
	char values[CONF_WORD], *save = NULL;
	struct why why;
	int error = 0;

	snprintf(values, sizeof(values), "%s", key->preset);
	for (char *v = strtok_r(values, " ", &save); v != NULL;
	     v = strtok_r(NULL, " ", &save))
		error |= key->kind->set(key, c, v, &why);
	assert(error == 0);
}

void confkey_defaults(struct conf *c)
{
	*c = (struct conf){ 0 };
	for (unsigned int i = 0; i < conf_n_keys; i++)
		set_default(&conf_keys[i], c);
}

static void print_value(const struct conf_key *key, const char *text, FILE *out)
{
	bool number = key->kind == &confkind_number ||
		      key->kind == &confkind_port ||
		      key->kind == &confkind_word;

	fprintf(out, number ? "%s" : "\"%s\"", text);
}

void confkey_print(const struct conf_key *key, const struct conf *c, FILE *out)
{
	char text[CONF_SHOWN];

	fprintf(out, "%s%s = %s", key->section[0] != '\0' ? "\t" : "",
		key->name, key->list ? "{" : "");
	for (unsigned int i = 0; key->kind->show(key, c, i, text); i++) {
		if (i > 0)
			fputs(", ", out);
		print_value(key, text, out);
	}
	fputs(key->list ? "}\n" : "\n", out);
}
