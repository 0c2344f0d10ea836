#!/bin/sh
# Installs the Debian packages whose programs the tests use, where it may: on Debian, as root.
# It never fails: a test whose program is missing is skipped and says so. Services are neither started nor enabled.
# The optional argument is a file that remembers what could not be installed, so that it is not tried at each run.
set -u

packages="swaks jq libnet-ssleay-perl libauthen-sasl-perl libdigest-hmac-perl curl openssl telnet netcat-openbsd strace tmux
    msmtp s-nail mailutils fetchmail getmail6 mpop
    chromium tshark isync offlineimap3 imapfilter mutt neomutt alpine aerc
    postfix dovecot-imapd dovecot-pop3d dovecot-lmtpd postgresql opendkim"
services="postfix dovecot postgresql fetchmail opendkim"
tried=${1:-}
policy=/usr/sbin/policy-rc.d

say() { printf '%s\n' "$*" >&2; }

missing_packages() {
    # shellcheck disable=SC2086  # one word per package
    installed=$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' $packages 2>/dev/null |
        sed -n 's/ installed$//p')
    for package in $packages; do
        printf '%s\n' "$installed" | grep -qxF "$package" || printf '%s ' "$package"
    done
}

# invoke-rc.d asks this program before it starts a service; 101 means "no". What was there before comes back.
forbid_services() {
    [ -e $policy ] && ! grep -q "for postroom's tests" $policy && mv $policy $policy.before-postroom
    trap allow_services EXIT
    trap 'exit 130' INT TERM HUP
    printf "#!/bin/sh\n# for postroom's tests\nexit 101\n" >$policy && chmod 755 $policy
}

allow_services() {
    rm -f $policy
    [ -e $policy.before-postroom ] && mv $policy.before-postroom $policy
}

# --no-remove: another mail server that is already at work here is worth more than a test.
apt_install() {
    apt-get install -qq -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=60 -o Acquire::Retries=2 \
        -o Dpkg::Use-Pty=0 "$@" </dev/null >>"$log" 2>&1
}

install_all() {
    # shellcheck disable=SC2086
    apt_install $missing && return
    apt-get update -qq -o DPkg::Lock::Timeout=60 >>"$log" 2>&1
    # shellcheck disable=SC2086
    apt_install $missing && return
    for package in $missing; do apt_install "$package"; done
}

disable_new_services() {
    [ -d /run/systemd/system ] || return
    for service in $services; do
        case " $missing" in *" $service"*) systemctl disable --quiet "$service" 2>/dev/null ;; esac
    done
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "Not a Debian system: tests of mail programs that are not installed will be skipped."
    exit 0
fi
missing=$(missing_packages)
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
    say "Tests that use these Debian packages will be skipped: $missing"
    say "To run them too: sudo apt-get install --no-install-recommends $missing"
    exit 0
fi
if [ -n "$tried" ] && [ "$(cat "$tried" 2>/dev/null)" = "$missing" ]; then
    say "Could not be installed before, so not tried again: $missing(delete $tried to try again)"
    exit 0
fi

say "Installing Debian packages for the tests: $missing..."
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
forbid_services
printf 'postfix postfix/main_mailer_type select Local only\n' | debconf-set-selections 2>/dev/null
install_all
disable_new_services
missing=$(missing_packages)
if [ -n "$missing" ]; then
    say "Could not be installed, their tests will be skipped: $missing"
    tail -n 5 "$log" >&2
    [ -n "$tried" ] && printf '%s' "$missing" >"$tried"
fi
rm -f "$log"
exit 0
