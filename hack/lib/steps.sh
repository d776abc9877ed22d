# Steps with elapsed time and a sign of life, for the scripts beside this folder. Source it; it changes no options.
#
# All of it goes to standard error, so that a script's standard output stays its result.

# say TEXT…: one line.
say() { printf '%s\n' "$*" >&2; }

# die TEXT…: one line that names what is wrong and the remedy, then the end.
die() { say "${0##*/}: $*"; exit 1; }

# step TEXT COMMAND…: runs the command with its output in a log, says how long it took, and on a long one shows every
# 20 s that it lives. When it fails, the end of the log is shown and the command's status returned.
#
# The command runs in a process group of its own: when this script is interrupted, all of the group ends with it.
step() {
    local text=$1 log status=0 start=$SECONDS next=20 group
    shift
    log=$(mktemp "${TMPDIR:-/tmp}/step.XXXXXX")
    set -m
    "$@" >"$log" 2>&1 </dev/null &
    group=$!
    set +m
    # Expanded now: the trap must name this group and this log.
    # shellcheck disable=SC2064
    trap "kill -TERM -- -$group 2>/dev/null; rm -f '$log'; exit 130" INT TERM HUP
    while kill -0 "$group" 2>/dev/null; do
        sleep 0.2
        if ((SECONDS - start >= next)); then
            say "    … $text, $((SECONDS - start)) s: $(tail -n 1 "$log" | tr -d '\r' | cut -c1-100)"
            next=$((next + 20))
        fi
    done
    wait "$group" || status=$?
    trap - INT TERM HUP
    if ((status == 0)); then
        say "  ✓ $text ($((SECONDS - start)) s)"
    else
        tail -n 40 "$log" >&2
        say "  ✗ $text: failed with status $status after $((SECONDS - start)) s; the lines above are the end of its output"
    fi
    rm -f "$log"
    return "$status"
}

# visibly TEXT COMMAND…: runs the command with its output as it is, and says how long it took.
visibly() {
    local text=$1 status=0 start=$SECONDS
    shift
    say "  … $text"
    "$@" || status=$?
    if ((status == 0)); then say "  ✓ $text ($((SECONDS - start)) s)"
    else say "  ✗ $text: failed with status $status after $((SECONDS - start)) s"; fi
    return "$status"
}

# as_root COMMAND…: runs it as root, by sudo where we are somebody else.
as_root() {
    if ((EUID == 0)); then "$@"; elif command -v sudo >/dev/null; then sudo "$@"
    else die "'$*' needs root: run it as root once, or install sudo"; fi
}

# need_packages PACKAGE…: installs those Debian packages that are missing; says which.
need_packages() {
    local missing=() package
    for package; do
        dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed \
            || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || die "missing: ${missing[*]}. Not a Debian machine: install them by your own means"
    as_root true  # sudo asks for the password here; inside the step it has no terminal
    step "install ${missing[*]}" install_packages "${missing[@]}"
}

# Package lists that are missing or too old are fetched only when it does not work without.
install_packages() {
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "$@")
    as_root "${install[@]}" || { as_root apt-get update --quiet && as_root "${install[@]}"; }
}

# python_with_yaml ARGUMENT…: the first Python that has PyYAML; a machine may have several, and Debian's package serves
# only Debian's own.
python_with_yaml() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import yaml' 2>/dev/null; then
            "$python" "$@"
            return
        fi
    done
    die "no Python with PyYAML: run hack/bootstrap, which installs it"
}
