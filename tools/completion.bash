# SPDX-License-Identifier: ISC
# bash completion for sallyport(1)

_sallyport()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local commands="status netcheck lockdown lan state allowed rules
		timeline leaks audit monitor metrics reload check-config replay version
		help"
	local states="disconnected connecting connected disconnecting error follow"
	local causes="set_dns read_dns start_resolver set_firewall offline
		auth_failed start_tunnel tunnel_parameter other"
	local options="--socket --json --no-color --help --version"
	local command="" i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket | --policy | --local | --bpf | --speed | --loop | --limit | --for | --allow)
			((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done

	COMPREPLY=()
	case $prev in
	--socket | --policy)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--interface)
		mapfile -t COMPREPLY < <(cd /sys/class/net 2>/dev/null &&
			compgen -f -- "$cur")
		return ;;
	--speed)
		mapfile -t COMPREPLY < <(compgen -W "max" -- "$cur")
		return ;;
	--relay | --dns | --local | --bpf | --loop | --limit | --for | --allow)
		return ;;
	esac

	local words=""
	case $command in
	"" | help) words=$commands ;;
	netcheck | lockdown | lan) words="on off" ;;
	state)
		options+=" --relay --interface --dns"
		case $prev in
		state) words=$states ;;
		error) words=$causes ;;
		esac ;;
	timeline) options+=" --all" ;;
	audit) options+=" --for --interface --allow" ;;
	replay)
		options+=" --policy --local --bpf --speed --loop --limit --stats"
		if [[ $cur != -* ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi ;;
	check-config)
		if [[ $cur != -* ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi ;;
	esac
	[[ $cur == -* ]] && words=$options
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
} && complete -F _sallyport sallyport
