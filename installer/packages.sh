# shellcheck shell=bash
# Sourced by installer/run and tests/run.

# install_packages WHY FILE...: installs the Debian packages named in the files that are not there yet.
install_packages() {
    local why=$1
    shift
    local missing=() package
    while read -r package; do
        if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
            missing+=("$package")
        fi
    done < <(grep -hv -e '^#' -e '^$' "$@")
    if [ ${#missing[@]} -eq 0 ]; then
        return 0
    fi
    if ! command -v apt-get >/dev/null; then
        echo "Sumidero needs these packages ($why), and this system has no apt-get to install them: ${missing[*]}" >&2
        return 1
    fi
    echo "Installing ${#missing[@]} Debian packages ($why): ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Please run as root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        echo "sudo may ask for your password; it is used for apt-get only."
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update -q >/dev/null || echo "The package lists could not be refreshed; going on with the ones that are here." >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "${missing[@]}" >/dev/null
}
