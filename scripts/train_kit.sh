#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# train_kit.sh [ARCHIVE]: writes the trainer as one archive (build/walchen-train-kit.tar.gz), which builds on a machine that
# has torch, CMake and a compiler only: our sources as committed, and of each package beside libtorch the headers, the
# licence, and a static library where headers are not enough.
source "$(dirname "$0")/steps.sh"

# What the trainer includes, by Debian package; tests/e2e/train_kit_test.py compares it with what was compiled.
packages=(libfmt-dev libspdlog-dev nlohmann-json3-dev libcli11-dev libexpected-dev libtomlplusplus-dev libhwy-dev
  libgloo-dev libssl-dev libsqlite3-dev libsodium-dev)
static_libraries=(libcrypto.a libsqlite3.a libsodium.a)
sources=(CMakeLists.txt cmake src/{base,ledger,tensor,formats,model,runs,shards,train} recipes docs/training.md docs/cluster.md
  docs/train-kit.md LICENSE THIRD_PARTY.md)

archive=${1:-build/walchen-train-kit.tar.gz}
scripts/setup.sh train
work=$(mktemp -d build/train-kit.XXXXXX)
trap 'rm -rf "$work"' EXIT
kit=$work/walchen-train-kit
mkdir -p "$kit"/deps/{include,lib,licences}

git ls-files -z -- "${sources[@]}" | grep -zv '_test\.cc$' | xargs -0 cp --parents -t "$kit"
mv "$kit/docs/train-kit.md" "$kit/README.md"
git rev-parse HEAD >"$kit/COMMIT"

for package in "${packages[@]}"; do
  while read -r file; do
    [ -f "$file" ] || continue
    case $file in
      /usr/include/x86_64-linux-gnu/*) install -D -m 644 "$file" "$kit/deps/include/${file#/usr/include/x86_64-linux-gnu/}" ;;
      /usr/include/*) install -D -m 644 "$file" "$kit/deps/include/${file#/usr/include/}" ;;
      /usr/share/doc/*/copyright) install -m 644 "$file" "$kit/deps/licences/$package" ;;
      */lib*.a) [[ " ${static_libraries[*]} " != *" ${file##*/} "* ]] || install -m 644 "$file" "$kit/deps/lib/" ;;
    esac
  done < <(dpkg-query -L "$package")
done
for library in "${static_libraries[@]}"; do
  [ -f "$kit/deps/lib/$library" ] || fail "expected $library in ${packages[*]}, found none"
done

# The same commit gives the same archive.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -C "$work" -c walchen-train-kit |
  gzip -9 --no-name >"$archive"
say "$archive: $(du -h "$archive" | cut -f1), sha256 $(sha256sum "$archive" | cut -d' ' -f1)"
