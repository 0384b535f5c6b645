# shellcheck shell=bash disable=SC2034
# (Its variables are used by the scripts that source it.)
# Shared by the scripts of ci/: sourced, not run. Sets ROOT and offers say, die,
# install_packages, configure and prepare_tsan.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What one clone has compiled another one need not: the cache knows our files by their paths from here.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1

say() { printf '\n== %s %s\n' "$(date +%T)" "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# What DEBUG_LEVEL=1 in the environment means to CMake: line numbers alone, which compile faster. It
# must be the same for all who build a preset: the presets have flags of their own.
DEBUG_FLAGS=()
[ -z "${DEBUG_LEVEL:-}" ] || DEBUG_FLAGS=("-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g$DEBUG_LEVEL")

# The Debian packages that the scripts need, on top of a bookworm with git. One list, so that
# nobody's machine differs. BUILD_PACKAGES is all that CMake looks for, whatever is built of it:
# the tests and benchmarks are configured with everything else.
BUILD_PACKAGES=(
  git g++ cmake ninja-build ccache libboost1.81-dev libcrypto++-dev libssl-dev libsnappy-dev
  libspdlog-dev libisal-dev prometheus-cpp-dev libcli11-dev zlib1g-dev libzstd-dev libgtest-dev
  libgmock-dev librapidcheck-dev libbenchmark-dev libyaml-cpp-dev libsqlite3-dev libgoogle-perftools-dev python3
)
TEST_PACKAGES=(prometheus)
HASHES_PACKAGES=(clang-16) # an older one does not read the views of libstdc++ 12
FUZZ_PACKAGES=(clang libclang-rt-14-dev)
INTEROP_PACKAGES=(
  curl haproxy openssl openjdk-17-jdk-headless maven python3-venv ca-certificates
)
ABUSE_PACKAGES=(python3-cryptography openssl)
LINT_PACKAGES=(clang-format clang-tidy shellcheck python3)

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages NAME...: installs what is missing; without root or sudo it says what lacks.
install_packages() {
  local package missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null ||
      die "these Debian packages are missing, and installing them needs root: ${missing[*]}"
    sudo=(sudo -n)
  fi
  say "installing ${missing[*]}"
  "${sudo[@]}" apt-get update -qq >/dev/null || die "apt-get update failed"
  # A service that a package brings must not start on a developer's machine.
  local policy=/usr/sbin/policy-rc.d made_policy=false
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
    "${sudo[@]}" chmod +x "$policy"
    made_policy=true
  fi
  local status=0
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || status=$?
  if $made_policy; then "${sudo[@]}" rm -f "$policy"; fi
  [ "$status" -eq 0 ] || die "apt-get install failed for: ${missing[*]}"
}

# configure CMAKE-OPTION...: says nothing unless it fails.
configure() {
  local said
  said=$(cmake "$@" 2>&1) || {
    printf '%s\n' "$said"
    die "CMake failed"
  }
}

# TSAN_RUN is what goes before the commands that start programs with ThreadSanitizer: that of GCC 12
# does not find its memory where addresses are more random than this.
prepare_tsan() {
  TSAN_RUN=()
  local bits
  bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)
  [ "$bits" -gt 28 ] || return 0
  setarch -R true || die "ThreadSanitizer needs setarch -R here, which is not allowed"
  TSAN_RUN=(setarch -R)
}
