#!/bin/sh
# The real servers that the laboratory runs: installed when root, else it is said how. Nothing is started.
set -eu

packages="nginx-light apache2 libapache2-mod-security2 modsecurity-crs curl openssl"
missing=
PATH="$PATH:/usr/sbin"
command -v nginx >/dev/null || missing="$missing nginx-light"
command -v apache2 >/dev/null || missing="$missing apache2"
[ -e /usr/lib/apache2/modules/mod_security2.so ] || missing="$missing libapache2-mod-security2"
[ -d /usr/share/modsecurity-crs/rules ] || missing="$missing modsecurity-crs"
# The printed commands use them.
command -v curl >/dev/null || missing="$missing curl"
command -v openssl >/dev/null || missing="$missing openssl"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "The real servers are missing:$missing. As root: apt-get install --no-install-recommends $packages" >&2
    exit 1
fi
# Packages must not start services on their own while they are being installed.
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
for pause in 5 15 30 0; do
    # shellcheck disable=SC2086  # a list of names
    apt-get -qq update && apt-get -qq install -y --no-install-recommends -o Dpkg::Use-Pty=0 $missing >/dev/null && exit 0
    echo "Installing$missing failed; trying again in $pause s" >&2
    sleep "$pause"
done
exit 1
