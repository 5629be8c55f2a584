/* SPDX-License-Identifier: ISC */
/*
 * libproc: the sockets of all processes, one process after the other.
 */
#include <errno.h>
#include <libproc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/proc_info.h>
#include <sys/socket.h>

#include "os/netinfo.h"

enum { PIDS = 4096, FDS = 4096 };

/* Looked for; a remote port of 0 is any. */
struct sought {
	const struct ipaddr *local, *remote;
	uint16_t local_port, remote_port;
	bool tcp, listening;
};

static bool address(const struct in_sockinfo *s, bool far, struct ipaddr *a)
{
	if (s->insi_vflag & INI_IPV4)
		*a = ipaddr_v4((const uint8_t *)(far ?
			&s->insi_faddr.ina_46.i46a_addr4 :
			&s->insi_laddr.ina_46.i46a_addr4));
	else if (s->insi_vflag & INI_IPV6)
		*a = ipaddr_v6((const uint8_t *)(far ?
			&s->insi_faddr.ina_6 : &s->insi_laddr.ina_6));
	else
		return false;
	return true;
}

static bool is_any(const struct ipaddr *a)
{
	return ipaddr_class(a) == IPCLASS_UNSPECIFIED;
}

static bool same_ports(const struct in_sockinfo *s, const struct sought *w)
{
	return ntohs((uint16_t)s->insi_lport) == w->local_port &&
	       (s->insi_fport == 0 || w->remote_port == 0 ||
		ntohs((uint16_t)s->insi_fport) == w->remote_port);
}

static bool matches(const struct socket_info *i, const struct sought *w)
{
	const struct in_sockinfo *s = w->tcp ?
		&i->soi_proto.pri_tcp.tcpsi_ini : &i->soi_proto.pri_in;
	struct ipaddr here, there;

	if (i->soi_kind != (w->tcp ? SOCKINFO_TCP : SOCKINFO_IN) ||
	    i->soi_protocol != (w->tcp ? IPPROTO_TCP : IPPROTO_UDP) ||
	    !same_ports(s, w) || !address(s, false, &here) ||
	    !address(s, true, &there))
		return false;
	if (w->tcp && w->listening &&
	    i->soi_proto.pri_tcp.tcpsi_state != TSI_S_LISTEN)
		return false;
	return (is_any(&here) || ipaddr_equal(&here, w->local)) &&
	       (w->remote == NULL || is_any(&there) ||
		ipaddr_equal(&there, w->remote));
}

static bool holds(pid_t pid, const struct sought *w)
{
	static struct proc_fdinfo fds[FDS];
	int size = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, fds, sizeof(fds));
	struct socket_fdinfo s;

	for (int i = 0; i < size / (int)sizeof(fds[0]); i++)
		if (fds[i].proc_fdtype == PROX_FDTYPE_SOCKET &&
		    proc_pidfdinfo(pid, fds[i].proc_fd, PROC_PIDFDSOCKETINFO,
				   &s, sizeof(s)) == (int)sizeof(s) &&
		    matches(&s.psi, w))
			return true;
	return false;
}

/* How many processes do; *pid is one of them. */
static unsigned int find(const struct sought *w, pid_t *pid)
{
	static pid_t pids[PIDS];
	int size = proc_listpids(PROC_ALL_PIDS, 0, pids, sizeof(pids));
	unsigned int n = 0;

	for (int i = 0; i < size / (int)sizeof(pids[0]); i++)
		if (pids[i] > 0 && holds(pids[i], w)) {
			*pid = pids[i];
			n++;
		}
	return n;
}

static void write_name(pid_t pid, char *text, size_t size)
{
	char name[2 * MAXCOMLEN + 1] = "";

	if (proc_name(pid, name, sizeof(name)) <= 0)
		snprintf(name, sizeof(name), "a program");
	snprintf(text, size, "%s (pid %d)", name, (int)pid);
}

bool portowner(const struct ipaddr *addr, uint16_t port, bool tcp,
	       char *text, size_t size)
{
	const struct sought w = {
		.local = addr, .local_port = port, .tcp = tcp,
		.listening = true,
	};
	pid_t pid;

	if (find(&w, &pid) == 0)
		return false;
	write_name(pid, text, size);
	return true;
}

bool portowner_packet(const struct ipaddr *from, uint16_t from_port,
		      const struct ipaddr *to, uint16_t to_port,
		      uint8_t protocol, char *text, size_t size)
{
	const struct sought w = {
		.local = from, .local_port = from_port, .remote = to,
		.remote_port = to_port, .tcp = protocol == IPPROTO_TCP,
	};
	pid_t pid;

	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) ||
	    find(&w, &pid) != 1)
		return false;
	write_name(pid, text, size);
	return true;
}
