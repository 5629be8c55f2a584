/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/netinfo.h"

enum { LINE = 512, COMM = 64 };

/* Hex words in this machine's order, as "%08X" of each (proc(5)). */
static bool parse_words(const char *hex, size_t digits, struct ipaddr *a)
{
	uint8_t b[16];
	size_t words = digits / 8;

	for (size_t i = 0; i < words; i++) {
		char word[9] = "";
		uint32_t v;

		memcpy(word, hex + i * 8, 8);
		if (strspn(word, "0123456789ABCDEFabcdef") != 8)
			return false;
		v = (uint32_t)strtoul(word, NULL, 16);
		memcpy(b + i * 4, &v, 4);
	}
	*a = words == 1 ? ipaddr_v4(b) : ipaddr_v6(b);
	return true;
}

struct bound {
	struct ipaddr addr;
	unsigned int port, state;
	unsigned long inode;
};

/* "sl local rem st tx:rx tr:when retrnsmt uid timeout inode ..." */
static bool parse_line(const char *line, struct bound *b)
{
	char local[40];

	if (sscanf(line, " %*u: %39[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x "
		   "%*x:%*x %*x:%*x %*x %*u %*u %lu", local, &b->port,
		   &b->state, &b->inode) != 4)
		return false;
	return (strlen(local) == 8 || strlen(local) == 32) &&
	       parse_words(local, strlen(local), &b->addr);
}

static bool is_any(const struct ipaddr *a)
{
	static const uint8_t v4[4], v6[16];
	struct ipaddr any4 = ipaddr_v4(v4), any6 = ipaddr_v6(v6);

	return ipaddr_equal(a, &any4) || ipaddr_equal(a, &any6);
}

/* A socket on every address holds ours, too; 0 if none does. */
static unsigned long find_inode(const char *path, const struct ipaddr *addr,
				uint16_t port, bool tcp)
{
	FILE *in = fopen(path, "re");
	unsigned long inode = 0;
	char line[LINE];

	while (in != NULL && inode == 0 &&
	       fgets(line, sizeof(line), in) != NULL) {
		struct bound b;

		if (parse_line(line, &b) && b.port == port &&
		    (!tcp || b.state == TCP_LISTEN) &&
		    (ipaddr_equal(&b.addr, addr) || is_any(&b.addr)))
			inode = b.inode;
	}
	if (in != NULL)
		fclose(in);
	return inode;
}

static bool holds(const char *pid, const char *socket)
{
	char path[64], link[64];
	const struct dirent *d;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	dir = opendir(path);
	while (dir != NULL && !found && (d = readdir(dir)) != NULL) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, link,
				       sizeof(link) - 1);

		link[n > 0 ? n : 0] = '\0';
		found = strcmp(link, socket) == 0;
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

/* A process calls itself what it likes; this goes to logs. */
static void command_of(const char *pid, char comm[static COMM])
{
	char path[64];
	size_t n = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	in = fopen(path, "re");
	if (in != NULL) {
		n = fread(comm, 1, COMM - 1, in);
		fclose(in);
	}
	if (n > 0 && comm[n - 1] == '\n')
		n--;
	comm[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (comm[i] < ' ' || comm[i] > '~')
			comm[i] = '?';
}

static bool is_pid(const char *name)
{
	return name[strspn(name, "0123456789")] == '\0';
}

/*
 * An init that activates sockets holds them beside the program it hands them
 * to: its own pid 1 counts only if there is nobody else.
 */
static bool find_process(unsigned long inode, char pid[static 16])
{
	DIR *dir = opendir("/proc");
	const struct dirent *d;
	char socket[64];

	snprintf(socket, sizeof(socket), "socket:[%lu]", inode);
	pid[0] = '\0';
	while (dir != NULL && (pid[0] == '\0' || strcmp(pid, "1") == 0) &&
	       (d = readdir(dir)) != NULL)
		if (is_pid(d->d_name) && holds(d->d_name, socket))
			snprintf(pid, 16, "%.15s", d->d_name);
	if (dir != NULL)
		closedir(dir);
	return pid[0] != '\0';
}

bool portowner(const struct ipaddr *addr, uint16_t port, bool tcp,
	       char *text, size_t size)
{
	const char *v4 = tcp ? "/proc/net/tcp" : "/proc/net/udp";
	const char *v6 = tcp ? "/proc/net/tcp6" : "/proc/net/udp6";
	char pid[16], comm[COMM];
	unsigned long inode = 0;

	if (ipaddr_is_v4(addr))
		inode = find_inode(v4, addr, port, tcp);
	/* An IPv6 socket on :: takes IPv4, too. */
	if (inode == 0)
		inode = find_inode(v6, addr, port, tcp);
	if (inode == 0 || !find_process(inode, pid))
		return false;
	command_of(pid, comm);
	snprintf(text, size, "%s (pid %s)", comm, pid);
	return true;
}

/* ---- of packets */

struct ends {
	const struct ipaddr *from, *to;
	uint16_t from_port, to_port;
};

/* "sl local rem ...": also the far end, all 0 if it is not connected. */
static bool parse_both(const char *line, struct bound *b, struct bound *far)
{
	char remote[40];

	if (!parse_line(line, b) ||
	    sscanf(line, " %*u: %*[0-9A-Fa-f]:%*x %39[0-9A-Fa-f]:%x", remote,
		   &far->port) != 2)
		return false;
	return (strlen(remote) == 8 || strlen(remote) == 32) &&
	       parse_words(remote, strlen(remote), &far->addr);
}

/* IPv4 in an IPv6 socket has the form we hold. */
static bool matches(const struct ends *e, const struct bound *b,
		    const struct bound *far)
{
	return b->port == e->from_port &&
	       (ipaddr_equal(&b->addr, e->from) || is_any(&b->addr)) &&
	       (is_any(&far->addr) || (ipaddr_equal(&far->addr, e->to) &&
				       far->port == e->to_port));
}

/*
 * In *inode, that of the only socket whose packets these can be. Raw sockets
 * have the protocol where others have the port.
 */
static unsigned int find_sender(const char *path, const struct ends *e,
				unsigned long *inode)
{
	FILE *in = fopen(path, "re");
	unsigned int n = 0;
	char line[LINE];

	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		struct bound b, far;

		if (!parse_both(line, &b, &far) || !matches(e, &b, &far))
			continue;
		*inode = b.inode;
		n++;
	}
	if (in != NULL)
		fclose(in);
	return n;
}

bool portowner_packet(const struct ipaddr *from, uint16_t from_port,
		      const struct ipaddr *to, uint16_t to_port,
		      uint8_t protocol, char *text, size_t size)
{
	static const struct {
		uint8_t protocol;
		const char *path[2];
	} tables[] = {
		{ 6, { "/proc/net/tcp", "/proc/net/tcp6" } },
		{ 17, { "/proc/net/udp", "/proc/net/udp6" } },
		{ 0, { "/proc/net/raw", "/proc/net/raw6" } },
	};
	struct ends e = { from, to, from_port, to_port };
	unsigned int i = 0, n;
	unsigned long inode = 0;
	char pid[16], comm[COMM];

	while (tables[i].protocol != protocol && tables[i].protocol != 0)
		i++;
	if (tables[i].protocol == 0)
		e.from_port = protocol;
	n = find_sender(tables[i].path[0], &e, &inode) +
	    find_sender(tables[i].path[1], &e, &inode);
	if (n != 1 || inode == 0 || !find_process(inode, pid))
		return false;
	command_of(pid, comm);
	snprintf(text, size, "%s (pid %s)", comm, pid);
	return true;
}
